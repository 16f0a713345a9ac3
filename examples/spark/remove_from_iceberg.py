"""
Deletes from an Iceberg table what was removed or erased in the export, and then the files that still held it. For tables that the
Iceberg sink of Kafka Connect fills, which knows no deletes. To be run again and again, more often than the export's `noticeMs`.
"""

from argparse import ArgumentParser
from datetime import datetime, timezone

from ddc_rows import current_rows, say, spark_session

parser = ArgumentParser(description=__doc__)
parser.add_argument("--brokers", required=True, help="host:port,…")
parser.add_argument("--registry", required=True, help="base of the registry's Confluent API")
parser.add_argument("--topic", required=True, help="<prefix>.<table>: the table is filled from it")
parser.add_argument("--removed", required=True, help="<prefix>-removed")
parser.add_argument("--table", required=True, help="lake.<namespace>.<table>")
parser.add_argument("--warehouse", help="folder of the tables; else what --conf says of the catalog `lake`")
args = parser.parse_args()

spark = spark_session("ddc removals", args.warehouse)
catalog, table = args.table.split(".", 1)

# All of them, each time: a row that came late, after the record that removes it had been read, is found by the next run.
notices = current_rows(spark, args.brokers, args.registry, args.removed).where(f"topic = '{args.topic}'")
notices.select("wallet", "batch_id", "slot").distinct().persist().createOrReplaceTempView("removed")
SAME = "t.wallet = r.wallet AND t.batch_id = r.batch_id AND t.slot = r.slot"
[found] = spark.sql(f"SELECT count(*) AS rows FROM {args.table} t JOIN removed r ON {SAME}").collect()

if found.rows:
    spark.sql(f"MERGE INTO {args.table} t USING removed r ON {SAME} WHEN MATCHED THEN DELETE")
# Where the table is told to note deletes beside its files (merge-on-read), this writes the files anew. It also merges small files.
spark.sql(f"""
    CALL {catalog}.system.rewrite_data_files(table => '{table}',
        options => map('delete-file-threshold', '1', 'remove-dangling-deletes', 'true'))""").collect()


def keep_place_of_connect():
    """
    The sink notes in its snapshots how far it is, and looks for that in the snapshots that are left: without it a worker that died
    just after a commit would add those rows again. An empty snapshot carries the note over what is deleted next.
    """
    snapshots = spark.sql(f"SELECT summary FROM {args.table}.snapshots ORDER BY committed_at DESC").collect()
    for (summary,) in snapshots:
        places = {name: value for name, value in summary.items() if name.startswith("kafka.connect.offsets.")}
        if places:
            loaded = spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, args.table)
            append = loaded.newFastAppend()
            for name, value in places.items():
                append.set(name, value)
            append.commit()
            return


keep_place_of_connect()
# Older snapshots hold the files of before. Who reads one of them at this moment fails, and asks again.
now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
[expired] = spark.sql(f"""
    CALL {catalog}.system.expire_snapshots(table => '{table}', older_than => TIMESTAMP '{now}', retain_last => 1)""").collect()
say(spark.sql(f"SELECT {found.rows} AS deleted_rows, {expired.deleted_data_files_count} AS deleted_files"))
