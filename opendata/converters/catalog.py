"""The DCAT description of a package (DCAT-AP 3): who, where, when, and each file."""

from collections.abc import Iterable
from typing import IO

from opendata.converters.descriptor import describe
from opendata.converters.graph import (
    PREFIXES,
    Triple,
    iri,
    literal,
    write_grouped,
    write_prefixes,
)
from opendata.facts import Facts
from opendata.model import Budget
from opendata.output import Written
from opendata.terms import CODE, DEF, RDF, XSD, codes

EU = "http://publications.europa.eu/resource/authority/"
# Media type -> the EU's code of the file type, which DCAT-AP wants as dct:format.
FILE_TYPES = {
    "text/csv": "CSV",
    "text/turtle": "RDF_TURTLE",
    "application/n-triples": "RDF_N_TRIPLES",
    "application/json": "JSON",
    "application/csvm+json": "JSON_LD",
    "text/plain": "TXT",
    "text/html": "HTML",
    "application/pdf": "PDF",
    "application/msword": "DOC",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
}


def dataset_triples(budget: Budget, facts: Facts, files: Iterable[Written]) -> list[Triple]:
    """The dataset and a distribution for each file."""
    data = iri(f"{facts.base}budget/{budget.id}")
    period = iri(f"{facts.base}budget/{budget.id}#year")
    place = iri(f"{CODE}division/{budget.division}")
    language = f"<{EU}language/ZHO>"
    year = budget.year
    found = [
        (data, _a, "dcat:Dataset"),
        (data, "dct:identifier", literal(budget.id)),
        (data, "dct:title", literal(budget.title, "zh")),
        *(
            (data, "dct:description", literal(t, lang))
            for lang, t in sorted(describe(budget).items())
        ),
        (data, "dcat:keyword", literal("部门预算", "zh")),
        (data, "dcat:keyword", literal("government budget", "en")),
        (data, "dcat:theme", f"<{EU}data-theme/GOVE>"),
        (f"<{EU}data-theme/GOVE>", _a, "skos:Concept"),
        (f"<{EU}data-theme/GOVE>", "skos:prefLabel", literal("Government and public sector", "en")),
        (data, "dct:language", language),
        (language, _a, "dct:LinguisticSystem"),
        (data, "dct:spatial", place),
        (place, _a, "dct:Location"),
        (place, "skos:prefLabel", literal(codes("division")[budget.division].label_zh, "zh")),
        (data, "dct:temporal", period),
        (period, _a, "dct:PeriodOfTime"),
        (period, "dcat:startDate", literal(f"{year}-01-01", "", XSD + "date")),
        (period, "dcat:endDate", literal(f"{year}-12-31", "", XSD + "date")),
        (data, "dct:conformsTo", f"<{DEF}BudgetStructure>"),
        (f"<{DEF}BudgetStructure>", _a, "dct:Standard"),
        (data, "dct:creator", iri(f"{facts.base}organization/{budget.organization}")),
        (iri(f"{facts.base}organization/{budget.organization}"), _a, "foaf:Agent"),
        (
            iri(f"{facts.base}organization/{budget.organization}"),
            "foaf:name",
            literal(budget.department, "zh"),
        ),
        (data, "prov:wasDerivedFrom", iri(f"{facts.base}source/{budget.id}")),
    ]
    if budget.issued:
        found.append((data, "dct:issued", literal(str(budget.issued), "", XSD + "date")))
    found += _publisher(data, facts)
    found += _contact(data, facts)
    for file in files:
        found += _distribution(data, budget, facts, file)
    return [(_expand(s), _expand(p), _expand(o)) for s, p, o in found]


def write_dataset(file: IO[str], budget: Budget, facts: Facts, files: Iterable[Written]) -> None:
    """Write `dataset.ttl`."""
    write_triples(file, dataset_triples(budget, facts, files))


def write_triples(file: IO[str], found: list[Triple]) -> None:
    """Write a catalogue's triples as Turtle."""
    known = {namespace: prefix for prefix, namespace in PREFIXES.items()}
    write_prefixes(file, known)
    write_grouped(file, found, known)


def _publisher(data: str, facts: Facts) -> Iterable[Triple]:
    if not facts.publisher:
        return
    node = iri(facts.publisher_url or f"{facts.base}agent/publisher")
    yield data, "dct:publisher", node
    yield node, _a, "foaf:Agent"
    yield node, "foaf:name", literal(facts.publisher)


def _contact(data: str, facts: Facts) -> Iterable[Triple]:
    if not facts.contact_name:
        return
    node = iri(f"{facts.base}agent/contact")
    yield data, "dcat:contactPoint", node
    yield node, _a, "vcard:Kind"
    yield node, "vcard:fn", literal(facts.contact_name)
    if facts.contact_email:
        yield node, "vcard:hasEmail", f"<mailto:{facts.contact_email}>"
    if facts.contact_url:
        yield node, "vcard:hasURL", iri(facts.contact_url)


def _distribution(data: str, budget: Budget, facts: Facts, file: Written) -> Iterable[Triple]:
    node = iri(f"{facts.base}distribution/{budget.id}/{file.path}")
    url = iri(f"{facts.base}package/{budget.id}/{file.path}")
    media = f"<https://www.iana.org/assignments/media-types/{file.media_type}>"
    checksum = iri(f"{facts.base}distribution/{budget.id}/{file.path}#sha256")
    yield data, "dcat:distribution", node
    yield node, _a, "dcat:Distribution"
    yield node, "dct:title", literal(file.path)
    yield node, "dcat:accessURL", url
    yield node, "dcat:downloadURL", url
    yield node, "dcat:mediaType", media
    yield media, _a, "dct:MediaType"
    if file.media_type in FILE_TYPES:
        kind = f"<{EU}file-type/{FILE_TYPES[file.media_type]}>"
        yield node, "dct:format", kind
        yield kind, _a, "dct:MediaTypeOrExtent"
    yield node, "dcat:byteSize", literal(str(file.size), "", XSD + "nonNegativeInteger")
    yield node, "spdx:checksum", checksum
    yield checksum, _a, "spdx:Checksum"
    yield checksum, "spdx:algorithm", "spdx:checksumAlgorithm_sha256"
    yield "spdx:checksumAlgorithm_sha256", _a, "spdx:ChecksumAlgorithm"
    yield checksum, "spdx:checksumValue", literal(file.sha256, "", XSD + "hexBinary")
    if facts.licence_url:
        yield node, "dct:license", iri(facts.licence_url)
        yield iri(facts.licence_url), _a, "dct:LicenseDocument"


_a = "rdf:type"


def _expand(term: str) -> str:
    """`dct:title` as an N-Triples term; terms that are one already stay."""
    if term[0] in '<"':
        return term
    prefix, _, name = term.partition(":")
    return f"<{RDF if prefix == 'rdf' else PREFIXES[prefix]}{name}>"
