"""An Iceberg table for the rows of a table of an export."""

from pyspark.sql.types import ArrayType, StructType

PROPERTIES = {
    # A removal writes files without the rows at once, instead of a list of what is to be left out.
    "write.delete.mode": "copy-on-write",
    "write.merge.mode": "copy-on-write",
    # What somebody else appends meanwhile is no reason to fail.
    "write.delete.isolation-level": "snapshot",
    "write.merge.isolation-level": "snapshot",
}


def match_columns(spark, table, row):
    """Makes the table, or adds the columns that it lacks, also in records and in lists of them. @returns the names of the columns"""
    if not spark.catalog.tableExists(table):
        namespace = table.rsplit(".", 1)[0]
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {namespace}")
        columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in row)
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in PROPERTIES.items())
        plan = f"USING iceberg PARTITIONED BY (days(time)) TBLPROPERTIES ({properties})"
        spark.sql(f"CREATE TABLE {table} ({columns}) {plan}")
    for path, data_type in _missing(spark.table(table).schema, row):
        spark.sql(f"ALTER TABLE {table} ADD COLUMN {path} {data_type.simpleString()}")
    return row.names


def _missing(have, want, path=""):
    if isinstance(want, ArrayType):
        yield from _missing(have.elementType, want.elementType, f"{path}element.")
    elif isinstance(want, StructType):
        for field in want:
            name = f"{path}`{field.name}`"
            if field.name not in have.names:
                yield name, field.dataType
            else:
                yield from _missing(have[field.name].dataType, field.dataType, f"{name}.")
