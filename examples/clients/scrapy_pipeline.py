"""A Scrapy item pipeline: what a spider yields as `html` and `url` leaves as an article.

In a project's settings:

    ITEM_PIPELINES = {"scrapy_pipeline.CopydeskPipeline": 300}
    COPYDESK_URL = "http://localhost:8080"

or as it stands, on one site: `scrapy runspider scrapy_pipeline.py -a start=http://localhost:8000/ -O articles.jsonl`
The requests to the service go through Scrapy's own downloader: its limits and its retries hold for them as well.
"""

import json
from urllib.parse import urlencode

import scrapy
from scrapy.exceptions import DropItem
from scrapy.http.request import NO_CALLBACK


class CopydeskPipeline:
    FIELDS = "url,title,authors,date_published,language,content_text,quality"

    def __init__(self, crawler):
        self.crawler = crawler
        self.service = crawler.settings.get("COPYDESK_URL", "http://localhost:8080")

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    async def process_item(self, item):
        query = urlencode({"url": item["url"], "fields": self.FIELDS})
        request = scrapy.Request(
            f"{self.service}/v1/normalize?{query}",
            method="POST",
            body=item["html"],
            headers={"Content-Type": item.get("content_type") or "text/html"},
            callback=NO_CALLBACK,
            dont_filter=True,
            # A 429 is among those that Scrapy tries again by itself; the rest are answers to us.
            meta={"handle_httpstatus_list": [400, 413, 415, 422, 500, 504], "max_retry_times": 8},
        )
        answer = await self.crawler.engine.download_async(request)
        body = json.loads(answer.text)
        if answer.status != 200:
            raise DropItem(f"{item['url']}: {body['code']}: {body['detail']}")
        return body


class SiteSpider(scrapy.Spider):
    """Follows the links of one site."""

    name = "site"
    custom_settings = {"ITEM_PIPELINES": {CopydeskPipeline: 300}}

    def __init__(self, start, **kwargs):
        super().__init__(**kwargs)
        self.first = start

    async def start(self):
        yield scrapy.Request(self.first)

    def parse(self, response):
        # The bytes as they came: the service finds their charset by the header and by the page itself.
        content_type = response.headers.get("Content-Type", b"").decode()
        yield {"url": response.url, "html": response.body, "content_type": content_type}
        yield from response.follow_all(css="a::attr(href)")
