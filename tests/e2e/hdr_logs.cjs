// Logs of HdrHistogram, as npm's hdr-histogram-js has them.
// Usage: hdr_logs.cjs write NUMBER    one on standard output, other values for each number
//        hdr_logs.cjs sum FILE...     what all intervals add up to, a line for each tag
'use strict'
const fs = require('fs')
const hdr = require('hdr-histogram-js')

const [, , command, ...args] = process.argv
if (command === 'write') {
  const writer = new hdr.HistogramLogWriter((text) => process.stdout.write(text))
  const start = 1795934588000 + Number(args[0]) * 200 // not quite at the same time
  writer.outputLogFormatVersion()
  writer.outputStartTime(start)
  writer.outputLegend()
  for (let second = 0; second < 3; ++second) {
    for (const tag of ['', 'ack']) {
      const histogram = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 })
      for (let i = 1; i <= 100; ++i) {
        histogram.recordValue(Math.floor((i * 7919 * (second + 1) * (Number(args[0]) + 1)) ** 1.5))
      }
      if (tag) histogram.tag = tag
      histogram.startTimeStampMsec = start + second * 1000
      histogram.endTimeStampMsec = start + (second + 1) * 1000
      writer.outputIntervalHistogram(histogram)
    }
  }
} else {
  const sums = new Map()
  for (const file of args) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const fields = line.split(',')
      const data = fields[fields.length - 1]
      if (!data.startsWith('HIST')) continue
      const tag = line.startsWith('Tag=') ? fields[0].slice(4) : ''
      const histogram = hdr.decodeFromCompressedBase64(data)
      if (!sums.has(tag)) {
        const { lowestDiscernibleValue, numberOfSignificantValueDigits } = histogram
        sums.set(tag, hdr.build({
          bitBucketSize: 64, lowestDiscernibleValue, numberOfSignificantValueDigits,
          highestTrackableValue: 3600e9
        }))
      }
      sums.get(tag).add(histogram)
    }
  }
  for (const [tag, sum] of [...sums].sort()) {
    const values = [0.1, 10, 50, 90, 99, 99.9, 100].map((percent) => sum.getValueAtPercentile(percent))
    console.log(tag || '-', sum.totalCount, ...values)
  }
}
