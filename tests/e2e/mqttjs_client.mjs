// What npm's mqtt finds when it talks to a broker: mqttjs_client.mjs PORT 3|4|5 [mqtt|mqtts|ws|wss],
// with the package under $MQTTJS, and the CA of the broker's certificate in the file $CA. Each scenario is a function; the first failed assertion ends the program.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const mqtt = createRequire(`${process.env.MQTTJS}/`)('mqtt')
const port = Number(process.argv[2])
const protocolVersion = Number(process.argv[3])
const v5 = protocolVersion === 5
const protocol = process.argv[4] ?? 'mqtt'
const ca = process.env.CA && readFileSync(process.env.CA)

// A connected client whose messages have become a queue.
async function peer(clientId, options = {}) {
  const client = mqtt.connect({
    protocol, ca, host: '127.0.0.1', port, path: '/mqtt', clientId, protocolVersion,
    reconnectPeriod: 0, connectTimeout: 10000,
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT', ...options
  })
  const arrived = []
  const waiting = []
  client.on('message', (topic, payload, packet) => {
    const message = { topic, payload, packet }
    if (waiting.length) waiting.shift()(message)
    else arrived.push(message)
  })
  await once(client, 'connect')
  client.next = () => arrived.length ? arrived.shift() : new Promise(resolve => waiting.push(resolve))
  return client
}

const numbers = count => [...Array(count).keys()]

async function everyQos() {
  const pub = await peer('pub')
  const sub = await peer('sub')
  for (const granted of [0, 1, 2]) {
    const [answer] = await sub.subscribeAsync('qos/#', { qos: granted })
    assert.equal(answer.qos, granted)
    for (const qos of [0, 1, 2]) {
      await pub.publishAsync(`qos/${qos}`, `${qos} ${granted}`, { qos })
      const { payload, packet } = await sub.next()
      assert.equal(packet.qos, Math.min(qos, granted))
      assert.equal(payload.toString(), `${qos} ${granted}`)
    }
  }
  await pub.endAsync()
  await sub.endAsync()
}

async function manyInFlight() {
  const pub = await peer('pub')
  const sub = await peer('sub')
  await sub.subscribeAsync('many', { qos: 2 })
  for (const qos of [1, 2]) {
    await Promise.all(numbers(1000).map(i => pub.publishAsync('many', String(i), { qos })))
    for (const i of numbers(1000)) assert.equal(Number((await sub.next()).payload), i)
  }
  await pub.endAsync()
  await sub.endAsync()
}

async function largeBinaryPayload() {
  const pub = await peer('pub')
  const sub = await peer('sub')
  await sub.subscribeAsync('large', { qos: 1 })
  const payload = Buffer.alloc(2 << 20, Uint8Array.from(numbers(256)))
  await pub.publishAsync('large', payload, { qos: 1 })
  assert(payload.equals((await sub.next()).payload))
  await pub.endAsync()
  await sub.endAsync()
}

async function retained() {
  const pub = await peer('pub')
  await pub.publishAsync('kept', 'one', { qos: 1, retain: true })
  const sub = await peer('sub')
  await sub.subscribeAsync('kept')
  const { payload, packet } = await sub.next()
  assert(packet.retain && payload.toString() === 'one')
  await pub.publishAsync('kept', '', { qos: 1, retain: true })
  await pub.endAsync()
  await sub.endAsync()
}

async function will() {
  const sub = await peer('sub')
  await sub.subscribeAsync('will', { qos: 1 })
  const lost = await peer('lost', { will: { topic: 'will', payload: 'gone', qos: 1 } })
  lost.stream.destroy()
  assert.equal((await sub.next()).payload.toString(), 'gone')
  await sub.endAsync()
}

async function durableSession() {
  const durable = { clean: false, ...(v5 && { properties: { sessionExpiryInterval: 60 } }) }
  const pub = await peer('pub')
  const sub = await peer('durable', durable)
  await sub.subscribeAsync('later', { qos: 1 })
  await sub.endAsync()
  for (const i of numbers(100)) await pub.publishAsync('later', String(i), { qos: 1 })
  const again = await peer('durable', durable)
  for (const i of numbers(100)) assert.equal(Number((await again.next()).payload), i)
  await again.endAsync()
  await (await peer('durable')).endAsync()
  await pub.endAsync()
}

async function properties() {
  const pub = await peer('pub')
  const sub = await peer('sub')
  await sub.subscribeAsync('props', { qos: 1, properties: { subscriptionIdentifier: 4711 } })
  const sent = {
    contentType: 'text/plain', correlationData: Buffer.from(numbers(256)), responseTopic: 'back',
    payloadFormatIndicator: true, messageExpiryInterval: 100, userProperties: { b: ['2', '1'], a: '1' }
  }
  await pub.publishAsync('props', 'x', { qos: 1, properties: sent })
  const got = (await sub.next()).packet.properties
  for (const name of Object.keys(sent)) {
    assert.deepEqual(JSON.parse(JSON.stringify(got[name])), JSON.parse(JSON.stringify(sent[name])))
  }
  assert.equal(got.subscriptionIdentifier, 4711)
  await pub.endAsync()
  await sub.endAsync()
}

async function subscriptionOptions() {
  const pub = await peer('pub')
  const sub = await peer('sub')
  await pub.publishAsync('opt/kept', 'kept', { qos: 1, retain: true })
  await sub.subscribeAsync('opt/#', { qos: 1, nl: true, rap: true, rh: 2 })
  await sub.publishAsync('opt/mine', 'mine', { qos: 1 })
  await pub.publishAsync('opt/other', 'other', { qos: 1, retain: true })
  const { topic, packet } = await sub.next()
  assert(topic === 'opt/other' && packet.retain)
  await pub.endAsync()
  await sub.endAsync()
}

async function topicAliases() {
  const pub = await peer('pub', { autoAssignTopicAlias: true, properties: { topicAliasMaximum: 10 } })
  const sub = await peer('sub', { properties: { topicAliasMaximum: 2 } })
  await sub.subscribeAsync('alias/#', { qos: 1 })
  const topics = numbers(50).map(i => `alias/${i % 5}`)
  for (const topic of topics) await pub.publishAsync(topic, 'x', { qos: 1 })
  for (const topic of topics) assert.equal((await sub.next()).topic, topic)
  await pub.endAsync()
  await sub.endAsync()
}

const scenarios = [everyQos, manyInFlight, largeBinaryPayload, retained, will, durableSession]
if (v5) scenarios.push(properties, subscriptionOptions, topicAliases)
for (const scenario of scenarios) {
  console.log(scenario.name)
  await scenario()
}
