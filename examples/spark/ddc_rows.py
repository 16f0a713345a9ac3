"""Rows of an export in Spark: from the topics that the sink `kafka` writes, and SQL over them."""

import json
from urllib.parse import quote
from urllib.request import urlopen

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

NO_NEWER = "its schema, number %s, is not among the versions of %s"


def spark_session(name, warehouse=None):
    """@param warehouse folder of Iceberg tables, named `lake.<namespace>.<table>`; None: whatever `--conf` says of a catalog `lake`"""
    builder = (
        SparkSession.builder.appName(name)
        .config("spark.sql.session.timeZone", "UTC")
        # `app=0012…` in the name of a folder is text, not a number.
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.sql.jsonGenerator.ignoreNullFields", "false")
    )
    if warehouse:
        builder = (
            builder.config(
                "spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
            )
            .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
            .config("spark.sql.catalog.lake.type", "hadoop")
            .config("spark.sql.catalog.lake.warehouse", warehouse)
        )
    return builder.getOrCreate()


def records(reader, brokers, topic):
    """Records of a topic. @param reader `spark.read`, or `spark.readStream`"""
    return (
        reader.format("kafka")
        .option("kafka.bootstrap.servers", brokers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        # Without it rows of deliveries that failed are seen too, some of them twice.
        .option("kafka.isolation.level", "read_committed")
        .load()
    )


def row_of(registry, topic):
    """
    The value of a record as a struct with the columns of every version of the table; null for a tombstone.

    A value is 0x00, four bytes with the number of the schema that it was written with, and Avro. Avro can only be read with the schema that
    wrote it, so each version has a branch of its own; all are brought to one schema, in which what a version did not have is null.
    """
    subject = f"{topic}-value"
    base = f"{registry.rstrip('/')}/subjects/{quote(subject, safe='')}/versions"
    versions = [_get(f"{base}/{number}") for number in _get(base)]
    schemas = {version["id"]: json.loads(version["schema"]) for version in versions}
    *_, latest = schemas.values()
    fields = {field["name"]: field for schema in schemas.values() for field in schema["fields"]}
    reader = json.dumps({**latest, "fields": list(fields.values())})

    number = F.conv(F.hex(F.expr("substring(value, 2, 4)")), 16, 10).cast("long")
    avro = F.expr("substring(value, 6)")
    row = F.when(F.col("value").isNull(), F.lit(None))
    for known, schema in schemas.items():
        row = row.when(number == known, from_avro(avro, json.dumps(schema), {"avroSchema": reader}))
    return row.otherwise(F.raise_error(F.format_string(NO_NEWER, number.cast("string"), F.lit(subject))))


def current_rows(spark, brokers, registry, topic):
    """The rows of a topic as it is now: those that have a tombstone are left out."""
    all_records = records(spark.read, brokers, topic)
    removed = all_records.where("value IS NULL").select("key").distinct()
    left = all_records.where("value IS NOT NULL").join(removed, "key", "left_anti")
    return left.select(row_of(registry, topic).alias("row")).select("row.*")


def say(frame):
    """One line of JSON with the rows of an answer. Numbers are written out, so cast to string what JSON cannot hold."""
    print(f'{{"rows":[{",".join(frame.toJSON().collect())}]}}', flush=True)


def _get(url):
    with urlopen(url, timeout=30) as answer:
        return json.load(answer)
