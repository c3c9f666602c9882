"""Documents in storage to articles as Parquet, by Spark: each partition runs through `copydesk batch`, a plain filter.

    spark-submit articles.py [--warc] [--copydesk PATH] [--fields FIELDS] [--partitions N] INPUT OUTPUT

INPUT is what Spark reads: files of envelopes, one a line (`s3a://bucket/crawl/*.ndjson`). With --warc it is a file that
lists paths of WARC files, one a line, as Common Crawl does; their HTML responses are read by warcio, where the task runs.
`copydesk` must be on every worker, or be sent along: `--files target/release/copydesk --copydesk ./copydesk`.

A task that dies is run again, and Spark writes the output of one attempt alone, so each document is there exactly once.
A partition whose answer has no totals, or fewer articles than documents, is a failed task and not a short one.
"""

import argparse
import base64
import json
import shlex

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

# The article as the service describes it in openapi.yaml; what --fields leaves out is null.
ARTICLE = """
    id: string, schema_version: string, url: string, canonical_url: string, domain: string, context: string,
    title: string, title_raw: string, subtitle: string, summary: string,
    content_html: string, content_markdown: string, content_text: string,
    authors: array<struct<name: string, url: string>>, byline: string, editors: array<struct<name: string>>,
    source: struct<name: string, url: string>, site_name: string,
    date_published: string, date_published_raw: string, date_precision: string, date_modified: string,
    language: string, direction: string,
    type: string, section: string, tags: array<string>, categories: array<string>, license: string,
    image: string, images: array<struct<url: string, alt: string, caption: string, width: long, height: long>>,
    videos: array<struct<url: string, type: string>>, links: array<struct<url: string, text: string, internal: boolean>>,
    stats: struct<characters: long, cjk_characters: long, words: long, sentences: long, paragraphs: long, link_density: double,
        reading_time_seconds: long>,
    fingerprint: string, content_hash: string,
    quality: struct<score: double, is_article: boolean, reasons: array<string>>,
    removed: array<struct<rule: string, category: string, tag: string, id: string, class: string, byte_start: long,
        byte_end: long, characters: long, preview: string>>,
    removed_total: long, provenance: map<string, struct<source: string, raw: string>>,
    input: struct<content_type: string, kind: string, charset: string, charset_source: string, bytes: long, offsets: string,
        front_matter: string>,
    warnings: array<struct<code: string, detail: string>>, rules_revision: string
"""
LINE = f"index long, id string, status int, article struct<{ARTICLE}>, problem struct<code: string, detail: string>"


def envelopes(path):
    """The HTML responses of a WARC file as envelopes."""
    from warcio.archiveiterator import ArchiveIterator

    with open(path, "rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type != "response" or record.http_headers is None:
                continue
            content_type = record.http_headers.get_header("Content-Type") or ""
            if content_type.split(";")[0].strip().lower() not in ("text/html", "application/xhtml+xml"):
                continue
            yield json.dumps({
                "id": record.rec_headers.get_header("WARC-Record-ID"),
                "url": record.rec_headers.get_header("WARC-Target-URI"),
                "fetched_at": record.rec_headers.get_header("WARC-Date"),
                "content_type": content_type,
                # Unpacked and unchunked by warcio.
                "document_base64": base64.b64encode(record.content_stream().read()).decode(),
            })


def whole(lines):
    """The lines of one run of copydesk but the last, which must say that these were all."""
    count, totals = 0, None
    for line in lines:
        if line.startswith('{"totals"'):
            totals = json.loads(line)
            continue
        count += 1
        yield line
    # A partition without documents runs copydesk as well, and that says so.
    if totals is None or totals["problem"] or totals["totals"]["documents"] != count:
        raise RuntimeError(f"copydesk gave {count} lines and then {totals}: the partition is not whole")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--warc", action="store_true")
    words.add_argument("--copydesk", default="copydesk")
    words.add_argument("--fields", default="core")
    words.add_argument("--partitions", type=int, default=None)
    words.add_argument("input")
    words.add_argument("output")
    args = words.parse_args()

    spark = SparkSession.builder.appName("copydesk").getOrCreate()
    lines = spark.sparkContext.textFile(args.input, args.partitions)
    if args.warc:
        lines = lines.repartition(args.partitions or lines.count()).flatMap(envelopes)
    # One job a task: Spark keeps the cores busy. Its exit code says whether a document failed, which its line says as well.
    command = shlex.join([args.copydesk, "batch", "--jobs", "1", "--fields", args.fields, "-"])
    answers = lines.pipe(command).mapPartitions(whole)
    articles = spark.read.schema(LINE).json(answers)
    kept = col("article").getField
    names = [field.name for field in articles.schema["article"].dataType.fields if field.name != "id"]
    articles = articles.select("id", "status", *[kept(name).alias(name) for name in names], "problem")
    articles.write.mode("error").parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
