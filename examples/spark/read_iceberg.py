"""SQL over an Iceberg table, called `lake.<namespace>.<table>`."""

from argparse import ArgumentParser

from ddc_rows import say, spark_session

parser = ArgumentParser(description=__doc__)
parser.add_argument("--warehouse", help="folder of the tables; else what --conf says of the catalog `lake`")
parser.add_argument("--sql", required=True)
args = parser.parse_args()

say(spark_session("ddc iceberg", args.warehouse).sql(args.sql))
