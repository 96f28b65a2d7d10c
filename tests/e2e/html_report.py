"""Compares the tables of a report, as a browser has them, with the JSON of the same run, and looks
for what every chart must have. Usage: html_report.py DOM RESULT.json"""

import json
import re
import sys
from html.parser import HTMLParser


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.counts, self.charts = {}, {}, []
        self.row = self.cell = self.count = self.axis = None
        self.head = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "tr":
            self.row = self.rows.setdefault(attributes["data-row"], []) if "data-row" in attributes else None
        if tag in ("td", "th"):
            self.cell, self.count = tag, attributes.get("data-count")
        if tag == "svg":
            self.charts.append({"axes": [], "ticks": 0, "shapes": 0, "texts": []})
        if self.charts and tag in ("polyline", "rect"):
            self.charts[-1]["shapes"] += 1
        if tag == "text":
            self.axis = attributes.get("class", "legend")

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = self.count = None
        if tag == "text":
            self.axis = None

    def handle_data(self, data):
        if self.cell == "th":
            self.head.append(data)
        if self.cell == "td" and self.row is not None:
            self.row.append(data)
        if self.count is not None:
            self.counts[self.count] = int(data)
        if self.axis == "axis":
            self.charts[-1]["axes"].append(data)
        elif self.axis == "tick":
            self.charts[-1]["ticks"] += 1
        elif self.axis == "legend":
            self.charts[-1]["texts"].append(data)


def main():
    page = Page()
    with open(sys.argv[1], encoding="utf-8") as dom:
        page.feed(dom.read())
    with open(sys.argv[2], encoding="utf-8") as file:
        result = json.load(file)

    columns = page.head[1 : page.head.index("count") + 1]
    assert set(page.rows) == {name.replace("_", " ") for name in result["histograms"]}, page.rows
    for label, cells in page.rows.items():
        name = label.replace(" ", "_")
        metrics = result["metrics"][name + "_ms"]
        for column, text in zip(columns, cells[1:]):
            if column == "count":
                assert int(text) == result["histograms"][name]["count"]
            else:
                value = metrics[column.replace(".", "_")]
                assert abs(float(text) - value) <= abs(value) * 1e-5, (label, column, text, value)

    counts = result["counts"]
    assert page.counts["planned"] == counts["planned"]
    assert page.counts["received"] == counts["received"]
    assert page.counts["lost"] == sum(counts["lost"].values())
    assert page.counts["duplicates"] == sum(counts["duplicates"].values())

    assert len(page.charts) == 4, page.charts
    for chart in page.charts:
        assert len(chart["axes"]) == 2, chart
        assert any(re.search(r"\((ms|s|%)\)|a second", axis) for axis in chart["axes"]), chart
        assert chart["ticks"] >= 4 and chart["shapes"] >= 2 and chart["texts"], chart


main()
