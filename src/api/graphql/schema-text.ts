/** What can be asked over GraphQL. Texts in quotes are its documentation. */
export const schemaText = `
"An instant: ISO 8601 in UTC."
scalar Time
"A value as JSON has it. Whole numbers beyond 2^53 keep every digit; bytes are in base64."
scalar Value

type Query {
  gateway: Gateway!
  "Those that may be seen, in order of their ids."
  devices(
    "1 to 1,000."
    first: Int = 100
    "\`next\` of the page before."
    after: String
    "One of these; none: any."
    presence: [Presence!]
    "A profile's whole name, or its vendor alone."
    profile: String
    "In its id or a name of it, whatever the case."
    text: String
    "Those that people ignore, instead of all others."
    ignored: Boolean = false
  ): DevicePage!
  "Null: there is no such device."
  device(id: ID!): Device
  "Those of devices that may be seen, the newest first; for who may see everything those of the gateway too."
  alarms(
    "\`open\` (active and acknowledged), \`active\`, \`acknowledged\`, \`pending\`, \`history\`, \`all\`"
    state: String = "open"
    "\`info\`, \`warning\`, \`critical\`; none: any."
    severity: [String!]
    device: ID
    "1 to 1,000."
    first: Int = 100
    "\`next\` of the page before."
    after: String
  ): AlarmPage!
  "What a device measured in a window: its points as they came when the gateway has all of them at hand, else buckets."
  measurements(
    device: ID!
    "These alone."
    fields: [String!]
    "RFC 3339, or how long ago."
    from: String = "-1h"
    "None: now."
    to: String
    "Of each field at the most; 1 to 2,000."
    points: Int = 500
    "How wide buckets are: a multiple of \`10s\`."
    bucket: String
  ): Measurements!
}

type Measurements {
  "\`raw\` or \`buckets\`"
  kind: String!
  from: Time!
  to: Time!
  "Null: points as they came."
  bucketSeconds: Float
  "Spans without a point have no bucket."
  series: [MeasuredSeries!]!
  "Points of the window that were lost."
  losses: [MeasurementLoss!]!
  "Fields that are left out, because they are too many."
  leftSeries: Int!
}

"Columns of one length: \`values\` of points, or the others of buckets."
type MeasuredSeries {
  field: String!
  "\`room=3,rack=b\`"
  tags: String!
  unit: String
  "\`number\`, \`boolean\` or \`text\`"
  type: String!
  "Unix time in ms; of a bucket when it begins."
  times: [Float!]!
  values: [Value!]
  "True counts as 1, false as 0."
  min: [Float!]
  max: [Float!]
  avg: [Float!]
  count: [Float!]
  first: [Float!]
  last: [Float!]
}

type MeasurementLoss {
  from: Time!
  to: Time!
  points: Float!
  reason: String!
}

type Mutation {
  "Takes a message in. The answer comes once it is as durable as its rule asks."
  publish(
    "As an MQTT topic: no wildcards, not empty."
    topic: String!
    "The payload, as text. One of the two."
    payload: String
    "Or as base64."
    payloadBase64: String
  ): Receipt!
  "Gives a device a command. The answer comes when that is durable, or, with \`waitSeconds\`, when the command is over."
  sendCommand(
    device: ID!
    "What its profile calls it."
    name: String = ""
    "JSON, or text."
    payload: String
    "Or as base64."
    payloadBase64: String
    "Names it for ever: what comes again under the same id does nothing again."
    id: ID
    priority: Priority = normal
    "How long it is good for."
    expiresInSeconds: Float
    "0 to 60."
    waitSeconds: Float = 0
  ): Command!
}

type Subscription {
  "What happens from now on, or after a cursor; first an event \`ready\` or \`reset\`."
  events(
    "Globs of device ids."
    devices: [String!]
    "MQTT topic filters."
    topics: [String!]
    "\`measurement\`, \`device\`, \`command\`, \`status\`, \`discovery\`, \`alarm\`"
    kinds: [String!]
    "Globs of field names: measurements that have one of them."
    fields: [String!]
    "The cursor of the last event that was seen."
    after: String
  ): Event!
}

type Event {
  "What to give as \`after\` to go on behind this."
  cursor: String!
  "Its kind; or \`ready\`, \`reset\` (what came before is not known any more), \`gap\` (some were left out)."
  event: String!
  deviceId: ID
  topic: String
  "When it was measured, by the device's own clock."
  time: Time
  receivedAt: Time
  "What the message was."
  kind: String
  source: String
  "The record's."
  sequence: Value
  "The trace that it belongs to, in hex, where who published it named one."
  traceId: String
  fields: [EventField!]
  "Of messages that are kept as they came."
  payloadText: String
  payloadBase64: String
  "What other events than measurements say."
  data: Value
}

type EventField {
  name: String!
  value: Value!
  unit: String
}

enum Priority { critical normal bulk }

type Command {
  id: ID!
  device: ID!
  name: String!
  "\`queued\`, \`sent\`, \`acknowledged\`, \`failed\`, \`expired\`, \`unknown\`"
  state: String!
  reason: String
  "What the device answered."
  result: Value
  at: Time
}

type Receipt {
  "The record's sequence; of several records, the last one's. Null: the message's rule does not wait for the disk, or keeps it from the records."
  sequence: Value
}

type Gateway {
  id: ID!
  epoch: ID!
  version: String!
  startedAt: Time!
  "\`ready\`, \`degraded\`, \`starting\`, …"
  health: String!
  "The same in a sentence."
  summary: String!
  "Records that wait for the collector."
  waitingRecords: Int!
  "\`live\`, \`waiting\`, …"
  uplink: String!
  receivedPerSecond: Float!
}

enum Presence { online stale offline unknown }

type DevicePage {
  devices: [Device!]!
  "What to give as \`after\` for the next page. Null: this is the last one."
  next: String
  "On all pages."
  total: Int!
}

type Device {
  id: ID!
  "What to call it."
  name: String!
  "What its messages were decoded by last. Null: the general rules."
  profile: Profile
  source: String!
  "The device through which it is reached."
  via: String
  presence: Presence!
  firstSeen: Time!
  lastSeen: Time
  messages: Float!
  measurements: Float!
  "The newest value of each field since the gateway started."
  fields(
    "These alone."
    names: [String!]
  ): [DeviceField!]!
  "What is known of the device itself."
  attributes: [Attribute!]!
  topics: [String!]!
}

type AlarmPage {
  alarms: [Alarm!]!
  "What to give as \`after\` for the next page. Null: this is the last one."
  next: String
  "On all pages."
  total: Int!
}

type Alarm {
  id: ID!
  "\`pending\`, \`active\`, \`acknowledged\`, \`cleared\`"
  state: String!
  severity: String!
  name: String!
  "What was wrong when it was raised, in a sentence."
  text: String!
  "Null: it is the gateway's own."
  device: ID
  field: String
  limit: String!
  value: Value
  unit: String
  since: Time!
  raisedAt: Time
  acknowledgedAt: Time
  acknowledgedBy: String
  note: String
  clearedAt: Time
  clearedBecause: String
}

type Profile {
  name: String!
  version: Int!
}

type DeviceField {
  name: String!
  "\`room=3,rack=b\`"
  tags: String
  value: Value!
  "A code: SenML's where there is one."
  unit: String
  unitSymbol: String
  "When it was measured."
  at: Time
}

type Attribute {
  name: String!
  value: Value!
}
`;
