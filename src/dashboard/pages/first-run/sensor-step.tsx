import { useMemo, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetGatewayAnswer, PostCredentialsAnswer } from '../../api/schema.ts';
import { t } from '../../i18n/text.ts';
import { link } from '../../router.ts';
import { Copy } from '../../ui/copy.tsx';
import { Field } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Notice } from '../../ui/state.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { type SnippetName, snippet, snippetNames } from './snippets.ts';
import { Waiting } from './waiting.tsx';

/** The first thing that measures something. */
export function SensorStep({
  gateway,
  onDone,
  onSkip,
}: {
  readonly gateway: GetGatewayAnswer;
  readonly onDone: () => Promise<void>;
  readonly onSkip: () => Promise<void>;
}) {
  const { mqtt } = gateway;
  const hosts = mqtt?.hosts ?? [];
  const [device, setDevice] = useState('sensor-1');
  const [host, setHost] = useState(hosts[0]?.host ?? '127.0.0.1');
  const [name, setName] = useState<SnippetName>('mosquitto');
  const [credential, setCredential] = useState<PostCredentialsAnswer>();
  const [error, setError] = useState<unknown>();
  const isLocal = hosts.every(({ kind }) => kind === 'loopback');
  const make = async (): Promise<void> => {
    try {
      setError(undefined);
      setCredential(await ask('api/v1/credentials', { method: 'POST', body: { device } }));
    } catch (problem) {
      setError(problem);
    }
  };
  const text = useMemo(
    () =>
      mqtt === null
        ? ''
        : snippet(name, {
            host,
            port: mqtt.tls?.port ?? mqtt.port,
            isTls: mqtt.tls !== null,
            user: credential?.name,
            password: credential?.password,
            topic: `sensors/${credential?.device ?? device}/temperature`,
          }),
    [name, host, credential, device, mqtt],
  );
  if (mqtt === null) {
    return (
      <Notice title={t('MQTT is switched off')}>
        <span>{t('The settings have it. Sensors on serial ports are on the Discover page.')}</span>
      </Notice>
    );
  }
  return (
    <div class="stack">
      <p>
        {t('Let something measure. Each sensor has a name and a password of its own, which can be taken back alone.')}
      </p>
      {isLocal && (
        <Notice tone="warn" title={t('Only programs on this machine reach MQTT here')}>
          <span>
            {t(
              'mqtt.host 0.0.0.0 in the settings opens it to the network. On this machine no password is needed as long as that is so.',
            )}
          </span>
        </Notice>
      )}
      <div class="row">
        <div class="grow">
          <Field label={t('Name of the sensor')}>
            <input
              value={device}
              onInput={(e) => setDevice(e.currentTarget.value)}
              disabled={credential !== undefined}
            />
          </Field>
        </div>
        <div class="grow">
          <Field label={t('This gateway’s address, as the sensor sees it')}>
            <select value={host} onChange={(e) => setHost(e.currentTarget.value)}>
              {hosts.map((one) => (
                <option value={one.host} key={one.host}>
                  {one.host}
                </option>
              ))}
            </select>
          </Field>
        </div>
      </div>
      {credential === undefined ? (
        <div class="row">
          <button class="button primary" type="button" onClick={make} disabled={device.trim() === ''}>
            {t('Make its password')}
          </button>
        </div>
      ) : (
        <Notice
          tone="good"
          title={t('User {user}, password {password}', { user: credential.name, password: credential.password ?? '' })}
        >
          <span>{t('The password is shown this once: what is below contains it.')}</span>
        </Notice>
      )}
      {error !== undefined && <Problem error={error} />}
      <fieldset class="stack">
        <legend class="hint">{t('What is it?')}</legend>
        <div class="segments">
          {(Object.keys(snippetNames) as SnippetName[]).map((one) => (
            <label class="button" key={one}>
              <input
                class="visually-hidden"
                type="radio"
                name="kind"
                checked={one === name}
                onChange={() => setName(one)}
              />
              {snippetNames[one]}
            </label>
          ))}
        </div>
        <Copy text={text} label={snippetNames[name]} />
        <p class="hint">{whereTo(name)}</p>
      </fieldset>
      <Waiting onHeard={onDone} />
      <div class="row">
        <button class="button" type="button" onClick={() => ask('api/v1/demo', { method: 'POST' }).catch(sayProblem)}>
          {t('Nothing at hand? Simulate a sensor')}
        </button>
        <a class="button" href={link('discover')}>
          {t('Serial port')}
        </a>
        <span class="grow" />
        <button class="button" type="button" onClick={onSkip}>
          {t('Later')}
        </button>
      </div>
    </div>
  );
}

function whereTo(name: SnippetName): string {
  switch (name) {
    case 'mosquitto':
      return t('On any computer in this network that has mosquitto-clients.');
    case 'arduino':
      return t('With the library PubSubClient.');
    case 'micropython':
      return t('With the module umqtt.simple.');
    case 'esphome':
      return t('In the device’s YAML, in place of “api:”.');
    case 'tasmota':
      return t('In the console of the device’s own page.');
    case 'shelly':
      return t('POST it to http://SHELLY/rpc, or fill in the same on its page under Settings, MQTT.');
    case 'zigbee2mqtt':
      return t('In configuration.yaml; what is there under “mqtt:” is replaced.');
  }
}
