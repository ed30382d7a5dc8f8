/** What a sensor needs to reach this gateway. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Undefined: it may connect without. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly topic: string;
}

export type SnippetName = 'mosquitto' | 'arduino' | 'micropython' | 'esphome' | 'tasmota' | 'shelly' | 'zigbee2mqtt';

export const snippetNames: Readonly<Record<SnippetName, string>> = {
  mosquitto: 'mosquitto_pub',
  arduino: 'Arduino',
  micropython: 'MicroPython',
  esphome: 'ESPHome',
  tasmota: 'Tasmota',
  shelly: 'Shelly',
  zigbee2mqtt: 'Zigbee2MQTT',
};

/** What people copy, everything filled in. */
export function snippet(name: SnippetName, target: Target): string {
  const { host, port, isTls, user, password, topic } = target;
  switch (name) {
    case 'mosquitto':
      return [
        `mosquitto_pub -h ${shell(host)} -p ${port} -q 1`,
        ...(user === undefined ? [] : [`-u ${shell(user)} -P ${shell(password ?? '')}`]),
        ...(isTls ? ['--cafile headgate-ca.pem'] : []),
        `-t ${shell(topic)} -m 21.5`,
      ].join(' ');
    case 'arduino':
      return `#include <PubSubClient.h>
PubSubClient mqtt(network);

void setup() {
  mqtt.setServer(${c(host)}, ${port});
  mqtt.connect(${c(user ?? 'sensor')}${user === undefined ? '' : `, ${c(user)}, ${c(password ?? '')}`});
  mqtt.publish(${c(topic)}, "21.5");
}`;
    case 'micropython':
      return `from umqtt.simple import MQTTClient
client = MQTTClient(${c(user ?? 'sensor')}, ${c(host)}, port=${port}${
        user === undefined ? '' : `, user=${c(user)}, password=${c(password ?? '')}`
      }${isTls ? ', ssl=True' : ''})
client.connect()
client.publish(${c(topic)}, "21.5", qos=1)`;
    case 'esphome':
      return `mqtt:
  broker: ${c(host)}
  port: ${port}${user === undefined ? '' : `\n  username: ${c(user)}\n  password: ${c(password ?? '')}`}`;
    case 'tasmota':
      return `Backlog MqttHost ${host}; MqttPort ${port}${
        user === undefined ? '' : `; MqttUser ${user}; MqttPassword ${password ?? ''}`
      }; SetOption3 1`;
    case 'shelly':
      return `{"id":1,"method":"Mqtt.SetConfig","params":{"config":${JSON.stringify({
        enable: true,
        server: `${host}:${port}`,
        user: user ?? null,
        pass: password ?? null,
        status_ntf: true,
      })}}}`;
    case 'zigbee2mqtt':
      return `mqtt:
  server: ${c(`${isTls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${port}`)}${
    user === undefined ? '' : `\n  user: ${c(user)}\n  password: ${c(password ?? '')}`
  }`;
  }
}

/** As a shell takes it, whatever is in it. */
function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As C, Python, YAML and JSON take it. */
function c(text: string): string {
  return JSON.stringify(text);
}
