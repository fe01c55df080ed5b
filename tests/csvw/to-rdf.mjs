// The triples that rdf-parser-csvw makes of a package's tables, as N-Triples in minimal mode.
//
//   node to-rdf.mjs PACKAGE [TABLE_URL...]
//
// A comment with its URL stands before each table. Nothing is fetched: `context.json` stands for
// the context of the standard, with the terms that rdf-parser-csvw asks for. There the templates
// are plain texts, because JSON-LD would resolve `{+match}` as an address.

import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import jsonld from 'jsonld'
import { DataFactory, Store, Writer } from 'n3'
import CsvwParser from 'rdf-parser-csvw'

const CSVW = 'http://www.w3.org/ns/csvw'
const CONTEXT = JSON.parse(readFileSync(new URL('context.json', import.meta.url), 'utf8'))

// rdf-parser-csvw wraps the name of a datatype that has a `base` in a name once more.
const factory = { ...DataFactory, namedNode: (name) => DataFactory.namedNode(name.value ?? name) }

async function documentLoader (url) {
  if (url !== CSVW) throw new Error(`not to be fetched: ${url}`)
  return { contextUrl: null, documentUrl: url, document: CONTEXT }
}

async function triples (folder, metadata, table) {
  const { '@context': context, dialect } = metadata
  const description = { '@context': context, dialect, tableSchema: table.tableSchema }
  const dataset = new Store(await jsonld.toRDF(description, { documentLoader }))
  const parser = new CsvwParser({ metadata: dataset, baseIRI: table.url, factory })
  const found = []
  for await (const quad of parser.import(createReadStream(join(folder, table.url)))) {
    // The standard's other mode also tells of tables and rows, all of them blank nodes.
    if (quad.subject.termType !== 'BlankNode') found.push(quad)
  }
  return found
}

const [folder, ...urls] = process.argv.slice(2)
const metadata = JSON.parse(readFileSync(join(folder, 'csv-metadata.json'), 'utf8'))
const writer = new Writer({ format: 'N-Triples' })
for (const table of metadata.tables) {
  if (urls.length > 0 && !urls.includes(table.url)) continue
  process.stdout.write(`# ${table.url}\n`)
  process.stdout.write(writer.quadsToString(await triples(folder, metadata, table)))
}
