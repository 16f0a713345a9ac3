"""SQL over the topic of a table, as it is now. The view is called `rows`."""

from argparse import ArgumentParser

from ddc_rows import current_rows, say, spark_session

parser = ArgumentParser(description=__doc__)
parser.add_argument("--brokers", required=True, help="host:port,…")
parser.add_argument("--registry", required=True, help="base of the registry's Confluent API")
parser.add_argument("--topic", required=True, help="<prefix>.<table>")
parser.add_argument("--sql", default="SELECT * FROM rows LIMIT 10")
args = parser.parse_args()

spark = spark_session("ddc topic")
current_rows(spark, args.brokers, args.registry, args.topic).createOrReplaceTempView("rows")
say(spark.sql(args.sql))
