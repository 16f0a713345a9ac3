"""Keeps an Iceberg table like the topic of a table: rows come once, and go when their tombstone comes."""

from argparse import ArgumentParser

from ddc_rows import records, row_of, say, spark_session
from iceberg_table import match_columns
from pyspark.sql import functions as F

parser = ArgumentParser(description=__doc__)
parser.add_argument("--brokers", required=True, help="host:port,…")
parser.add_argument("--registry", required=True, help="base of the registry's Confluent API")
parser.add_argument("--topic", required=True, help="<prefix>.<table>")
parser.add_argument("--table", required=True, help="lake.<namespace>.<table>, made when it is not there")
parser.add_argument("--warehouse", help="folder of the tables; else what --conf says of the catalog `lake`")
parser.add_argument("--checkpoint", required=True, help="folder in which the stream keeps how far it is")
parser.add_argument("--every", default="1 minute", help="how often the table gets a commit")
parser.add_argument("--once", action="store_true", help="ends when it has caught up")
args = parser.parse_args()

spark = spark_session("ddc stream", args.warehouse)


def apply(batch, _number):
    """Idempotent: what comes again, because the job died after the commit, finds its rows there."""
    # A row and its tombstone can be in one batch: of each key the last counts.
    last = batch.groupBy("key").agg(F.max_by("value", "offset").alias("value"))
    key = F.split(F.col("key").cast("string"), "/")
    # The versions are asked for each batch: one that is new is read as soon as it is there.
    changes = last.select(
        key[0].alias("wallet"),
        key[1].alias("batch_id"),
        key[2].cast("int").alias("slot"),
        row_of(args.registry, args.topic).alias("row"),
    ).persist()
    if not changes.isEmpty():
        names = match_columns(batch.sparkSession, args.table, changes.schema["row"].dataType)
        columns = ", ".join(f"`{name}`" for name in names)
        values = ", ".join(f"c.row.`{name}`" for name in names)
        changes.createOrReplaceTempView("changes")
        batch.sparkSession.sql(f"""
            MERGE INTO {args.table} t USING changes c
            ON t.wallet = c.wallet AND t.batch_id = c.batch_id AND t.slot = c.slot
            WHEN MATCHED AND c.row IS NULL THEN DELETE
            WHEN NOT MATCHED AND c.row IS NOT NULL THEN INSERT ({columns}) VALUES ({values})""")
    changes.unpersist()


trigger = {"availableNow": True} if args.once else {"processingTime": args.every}
stream = records(spark.readStream, args.brokers, args.topic).writeStream.foreachBatch(apply)
stream.option("checkpointLocation", args.checkpoint).trigger(**trigger).start().awaitTermination()
if spark.catalog.tableExists(args.table):
    say(spark.sql(f"SELECT count(*) AS rows FROM {args.table}"))
else:
    say(spark.sql("SELECT 0 AS rows"))
