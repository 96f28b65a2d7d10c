// Reads the histograms of a result, JSON and .hlog, with npm's hdr-histogram-js, and compares what it
// makes of them with what mqbench says. Usage: hdr_histogram.cjs RESULT.json RESULT.hlog
'use strict'
const assert = require('assert')
const fs = require('fs')
const hdr = require('hdr-histogram-js')

const [, , jsonFile, hlogFile] = process.argv
const result = JSON.parse(fs.readFileSync(jsonFile, 'utf8'))
const names = Object.keys(result.histograms)
assert(names.length >= 3)
for (const name of names) {
  const ours = result.histograms[name]
  const theirs = hdr.decodeFromCompressedBase64(ours.data)
  assert.strictEqual(theirs.totalCount, ours.count, name)
  for (const [key, value] of Object.entries(result.metrics[`${name}_ms`])) {
    const percent = /^p(\d+(?:_\d+)?)$/.exec(key)
    if (!percent) continue
    const read = theirs.getValueAtPercentile(Number(percent[1].replace('_', '.'))) / 1e6
    // Ours are never above the largest value there was, theirs may be by the width of a bucket.
    assert(Math.abs(read - value) <= value / 1000, `${name} ${key}: ${read} and not ${value}`)
  }
}

const lines = fs.readFileSync(hlogFile, 'utf8').split('\n').filter((line) => line.startsWith('Tag='))
const sum = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 })
let intervals = 0
for (const line of lines) {
  const [tag, start, length, max, data] = line.split(',')
  const histogram = hdr.decodeFromCompressedBase64(data)
  assert(Math.abs(histogram.maxValue / 1e6 - Number(max)) <= Number(max) / 1000 + 0.001, line)
  assert(Number(start) >= 0 && Number(length) >= 0)
  if (tag !== 'Tag=response') continue
  ++intervals
  sum.add(histogram)
}
assert(intervals >= 2)
assert.strictEqual(sum.totalCount, result.histograms.response.count)
