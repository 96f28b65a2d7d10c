// Parses the good wire vectors with npm's mqtt-packet and compares what it sees with what they say.
// Usage: node mqtt_packet.cjs DIRECTORY_OF_VECTORS      (NODE_PATH leads to mqtt-packet)
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const mqtt = require('mqtt-packet');
const constants = require('mqtt-packet/constants');

// Where mqtt-packet 9 does not follow the standard; it may differ there.
const known = new Set([
  'auth: success without anything',                            // section 3.15.2.1 allows it
  'disconnect: Bad authentication method',                     // 0x8C is in table 2-6
  'connack: accepted, with a reserved byte that 3.1 ignores',  // 3.1 has no session present
  'connect: reserved connect flag is ignored',                 // 3.1 calls the bit unused
  'connect: user name flag without a user name',               // 3.1 allows it (section 3.1)
  'connect: user name and password flags, user name only',
  'pubrel: sent again with DUP',                               // 3.1 has DUP in these
  'subscribe: sent again with DUP',
  'unsubscribe: sent again with DUP',
]);

const names = {
  'user-property': 'userProperties',
  'maximum-qos': 'maximumQoS',
  'subscription-identifier-available': 'subscriptionIdentifiersAvailable',
};
const camel = (name) => names[name] || name.replace(/-(.)/g, (_, c) => c.toUpperCase());

// Reason Codes by text: mqtt-packet's own tables, and those that only CONNACK has.
const codes = { 'Unsupported Protocol Version': 0x84, 'Client Identifier not valid': 0x85,
  'Bad User Name or Password': 0x86, 'Server unavailable': 0x88, 'Banned': 0x8a,
  'Bad authentication method': 0x8c };
for (const table of ['PUBACK_PUBREC', 'PUBREL_PUBCOMP', 'DISCONNECT', 'AUTH']) {
  for (const [code, text] of Object.entries(constants[`MQTT5_${table}_CODES`])) {
    codes[text] = Number(code);
  }
}
codes['Packet Identifier in use'] = 0x91;
const v3_codes = { 0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5 };

function bytes_of(hex) {
  const parts = hex.split(' ').map((part) => {
    const [digits, times] = part.split('*');
    const once = Buffer.from(digits, 'hex');
    return times ? Buffer.concat([once.subarray(0, -1), Buffer.alloc(Number(times), once.at(-1))]) : once;
  });
  return Buffer.concat(parts);
}

// Text in the notation of the vectors.
function text_of(value) {
  if (typeof value !== 'object') return Buffer.from(String(value));
  return value.hex !== undefined ? bytes_of(value.hex) : Buffer.from(value.repeat.repeat(value.times));
}

// A property list as sorted "name=hex" lines: mqtt-packet does not keep the order of names.
function expected_properties(list = []) {
  return list.map(([name, ...values]) => {
    const texts = values.map((v) => (typeof v === 'number' ? String(v) : text_of(v).toString('hex')));
    return `${camel(name)}=${texts.join(':')}`;
  }).sort();
}

function seen_properties(object = {}) {
  const lines = [];
  const hex = (value) => Buffer.from(value).toString('hex');
  for (const [name, value] of Object.entries(object)) {
    if (name === 'userProperties') {
      for (const [key, all] of Object.entries(value)) {
        for (const one of [].concat(all)) lines.push(`${name}=${hex(key)}:${hex(one)}`);
      }
    } else {
      for (const one of [].concat(value)) {
        lines.push(`${name}=${typeof one === 'string' || Buffer.isBuffer(one) ? hex(one) : Number(one)}`);
      }
    }
  }
  return lines.sort();
}

function compare(vector, seen) {
  const packet = vector.packet;
  const same = (what, a, b) => assert.deepStrictEqual(a, b, what);
  const text = (what, a, b) => assert.ok(text_of(a).equals(Buffer.from(b)), what);
  same('type', seen.cmd.toUpperCase(), packet.type);
  same('properties', seen_properties(seen.properties), expected_properties(packet.properties));
  if (packet.packet_id !== undefined) same('packet_id', seen.messageId, packet.packet_id);
  const reason = codes[packet.reason || 'Success'];
  if (seen.reasonCode !== undefined) same('reason', seen.reasonCode, reason);
  switch (packet.type) {
    case 'CONNECT':
      same('version', seen.protocolVersion, vector.version);
      same('bridge', Boolean(seen.bridgeMode), Boolean(packet.bridge));
      same('clean_start', seen.clean, packet.clean_start);
      same('keep_alive_s', seen.keepalive, packet.keep_alive_s);
      text('client_id', packet.client_id, seen.clientId);
      same('has will', Boolean(seen.will), Boolean(packet.will));
      if (packet.will) {
        text('will topic', packet.will.topic, seen.will.topic);
        text('will payload', packet.will.payload, seen.will.payload);
        same('will qos', seen.will.qos, packet.will.qos || 0);
        same('will retain', seen.will.retain, Boolean(packet.will.retain));
        same('will properties', seen_properties(seen.will.properties),
          expected_properties(packet.will.properties));
      }
      same('has user name', seen.username !== undefined, packet.user_name !== undefined);
      if (packet.user_name !== undefined) text('user_name', packet.user_name, seen.username);
      same('has password', seen.password !== undefined, packet.password !== undefined);
      if (packet.password !== undefined) text('password', packet.password, seen.password);
      break;
    case 'CONNACK':
      same('session_present', seen.sessionPresent, Boolean(packet.session_present));
      if (vector.version < 5) same('return code', seen.returnCode, v3_codes[reason] || 0);
      break;
    case 'PUBLISH':
      text('topic', packet.topic, seen.topic);
      text('payload', packet.payload, seen.payload);
      same('dup', seen.dup, Boolean(packet.dup));
      same('qos', seen.qos, packet.qos || 0);
      same('retain', seen.retain, Boolean(packet.retain));
      break;
    case 'SUBSCRIBE':
      same('filters', seen.subscriptions.length, packet.filters.length);
      packet.filters.forEach((wanted, i) => {
        const one = seen.subscriptions[i];
        text('filter', wanted.filter, one.topic);
        same('qos', one.qos, wanted.qos || 0);
        same('no_local', Boolean(one.nl), Boolean(wanted.no_local));
        same('retain_as_published', Boolean(one.rap), Boolean(wanted.retain_as_published));
        same('retain_handling', one.rh || 0, wanted.retain_handling || 0);
      });
      break;
    case 'UNSUBSCRIBE':
      same('filters', seen.unsubscriptions.length, packet.filters.length);
      packet.filters.forEach((wanted, i) => text('filter', wanted, seen.unsubscriptions[i]));
      break;
    case 'SUBACK':
    case 'UNSUBACK':
      same('codes', seen.granted || [], packet.codes || []);
      break;
  }
}

let compared = 0;
let failed = 0;
const directory = process.argv[2];
for (const file of fs.readdirSync(directory).sort()) {
  if (!file.endsWith('.json')) continue;
  for (const vector of JSON.parse(fs.readFileSync(path.join(directory, file)))) {
    if (vector.error) continue;
    const name = `${path.basename(file, '.json')}: ${vector.name}`;
    if (known.has(name)) continue;
    const parser = mqtt.parser({ protocolVersion: vector.version });
    let seen = null;
    let error = null;
    parser.on('packet', (packet) => { seen = packet; });
    parser.on('error', (e) => { error = e; });
    try {
      parser.parse(bytes_of(vector.hex));
      if (error) throw error;
      assert.ok(seen, 'no packet');
      compare(vector, seen);
      ++compared;
    } catch (e) {
      ++failed;
      console.log(`${name} (${vector.version}, ${vector.from}): ${e.message.split('\n').slice(0, 12).join(' ')}`);
    }
  }
}
console.log(`${compared} vectors compared, ${failed} differ`);
process.exit(failed === 0 && compared > 0 ? 0 : 1);
