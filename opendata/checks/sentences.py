"""What each rule about anybody's data says, in a sentence. The rules about budgets say it themselves."""

from opendata.terms import Text


def _both(zh: str, en: str) -> Text:
    return {"zh": zh, "en": en}


def sentenced(rule: str) -> str:
    """The rule, which has its sentence here."""
    assert rule in SENTENCES, rule
    return rule


SENTENCES: dict[str, Text] = {
    "csvw-cell": _both("单元格的文字符合其列的数据类型。", "A cell's text is a value of its column's datatype."),
    "csvw-datatype": _both("数据类型的基类、格式、长度和界限互相一致，可以使用。", "A datatype's base, format, lengths and limits fit together and can be used."),
    "csvw-foreign-key": _both("外键的值在所指的表中。", "The values of a foreign key stand in the table that it refers to."),
    "csvw-header": _both("表头是元数据中各列的名称或标题。", "The header has the names or titles of the columns in the metadata."),
    "csvw-metadata": _both("CSVW 元数据文件符合 W3C 推荐标准。", "The CSVW metadata document is as the W3C Recommendation wants it."),
    "csvw-primary-key": _both("主键的值只出现一次。", "The values of the primary key stand once."),
    "csvw-required": _both("必填的单元格不为空。", "A required cell is not empty."),
    "csvw-row": _both("每行的单元格与元数据的列一样多。", "Each row has as many cells as the metadata have columns."),
    "csvw-source": _both("表格按其方言（dialect）可以读到底。", "The table can be read to its end in its dialect."),
    "csvw-template": _both("URI 模板写法正确，只用表中的列。", "A URI template is well formed and uses columns of its table only."),
    "csvw-url": _both("表格和结构文件在元数据的文件夹之内。", "Tables and schemas lie in the folder of the metadata."),
    "fiscal-column-type": _both("columnType 是以冒号相连的词。", "A columnType is words joined by colons."),
    "fiscal-column-type-twice": _both("一种唯一的列类型在一张表中只用一次。", "A unique column type is that of one column of a table."),
    "fiscal-column-type-unknown": _both("列类型在财政数据包的分类中，或由其延伸。", "A column type is in a taxonomy of the Fiscal Data Package, or goes on from one that is."),
    "fiscal-data-type": _both("字段类型是其列类型要求的类型。", "A field's type is the one that its column type wants."),
    "fiscal-extra-field": _both("附加字段有名称，也有值的来处。", "An extra field has a name of its own and a place that its values come from."),
    "fiscal-label-alone": _both("名称列旁有它的代码列。", "A column of labels stands beside the column of their codes."),
    "fiscal-model": _both("财政数据包 0.3 的模型与表格的字段相符。", "The model of a Fiscal Data Package 0.3 fits the fields of its tables."),
    "fiscal-normalization-target": _both("拆分的度量有且只有一个目标字段。", "Measures that are taken apart have one target field."),
    "fiscal-normalize": _both("每个拆分的度量给出全部缩减列的值，且互不相同。", "Each measure that is taken apart has a value for every reduced column, and no two the same."),
    "fiscal-taxonomy": _both("自定义的列类型写法正确，互相指得到。", "Column types of one's own are well formed and refer to known ones."),
    "fiscal-taxonomy-unknown": _both("列类型的分类写在描述文件中，不从网上取。", "Taxonomies of column types stand in the descriptor; none is fetched."),
    "fiscal-value": _both("常数值符合其字段的类型。", "A constant is a value of its field's type."),
    "foreign-key-unchecked": _both("单独一张表时，指向别的表的外键不检查。", "Of a table alone, foreign keys to other tables are not checked."),
    "tabular-blank-label": _both("每列有列名。", "Each column has a name."),
    "tabular-blank-row": _both("没有空行。", "No row is empty."),
    "tabular-duplicate-label": _both("列名互不相同。", "No two columns have one name."),
    "tabular-encoding-error": _both("整个文件用同一种编码。", "The whole file is in one encoding."),
    "tabular-extra-cell": _both("没有一行的单元格多于表头。", "No row has more cells than the header."),
    "tabular-missing-cell": _both("没有一行的单元格少于表头。", "No row has fewer cells than the header."),
    "tabular-more": _both("错误太多时，其余不再列出。", "Where too many rows are wrong, the rest are not listed."),
    "tabular-source-error": _both("文件是可以逐行读的文本。", "The file is a text that can be read line by line."),
}  # fmt: skip
