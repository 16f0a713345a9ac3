"""SQL over the Parquet files of a table, in a folder or in S3. The view is called `rows`."""

from argparse import ArgumentParser

from ddc_rows import say, spark_session

parser = ArgumentParser(description=__doc__)
parser.add_argument("--path", required=True, help="<folder>/<table>, or s3a://<bucket>/<prefix>/<table>")
parser.add_argument("--sql", default="SELECT * FROM rows LIMIT 10")
args = parser.parse_args()

spark = spark_session("ddc parquet")
# A later version of the table has more columns than the files before it.
rows = spark.read.option("mergeSchema", "true").parquet(args.path)
rows.createOrReplaceTempView("rows")
say(spark.sql(args.sql))
