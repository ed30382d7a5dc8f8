import { useEffect, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetDevicesIdMessagesAnswer } from '../../api/schema.ts';
import { bytes } from '../../i18n/format.ts';
import { t } from '../../i18n/text.ts';
import { Age } from '../../ui/age.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Device } from './about.ts';
import { hexOf, type RawMessage, withNews } from './raw.ts';

const everyMs = 2_000;

/** What it sends, as it comes. The gateway keeps that only while somebody looks. */
export function Messages({ device }: { readonly device: Device }) {
  const [isLooking, setLooking] = useState(false);
  const [isHex, setHex] = useState(false);
  return (
    <section class="card device-messages" aria-labelledby="device-messages">
      <header>
        <h2 id="device-messages">{t('Messages as they come')}</h2>
        {isLooking && (
          <div class="row">
            <button class="button" type="button" aria-pressed={isHex} onClick={() => setHex(!isHex)}>
              {t('Hex')}
            </button>
            <button class="button" type="button" onClick={() => setLooking(false)}>
              <Icon name="pause" />
              {t('Stop')}
            </button>
          </div>
        )}
      </header>
      {isLooking ? (
        <List id={device.id} isHex={isHex} />
      ) : (
        <Empty title={t('Nobody looks at them')}>
          <p>{t('The gateway keeps the newest messages as they came while somebody looks.')}</p>
          <button class="button" type="button" onClick={() => setLooking(true)}>
            <Icon name="play" />
            {t('Look')}
          </button>
        </Empty>
      )}
    </section>
  );
}

function List({ id, isHex }: { readonly id: string; readonly isHex: boolean }) {
  // Undefined until the gateway keeps them: it does from the first time on that it is asked.
  const [messages, setMessages] = useState<readonly RawMessage[]>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async (): Promise<void> => {
      try {
        if (document.visibilityState === 'visible') {
          const path = `api/v1/devices/${encodeURIComponent(id)}/messages`;
          const answer = await ask<GetDevicesIdMessagesAnswer>(path, { signal: abort.signal });
          setMessages((before = []) => withNews(before, answer.messages));
          setError(undefined);
        }
      } catch (problem) {
        if (!abort.signal.aborted) setError(problem);
      }
      if (!abort.signal.aborted) timer = setTimeout(once, everyMs);
    };
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id]);
  return (
    <>
      {error !== undefined && <Problem error={error} />}
      {messages === undefined && error === undefined && <p class="loading">{t('Asking the gateway …')}</p>}
      {messages?.length === 0 && <p class="hint">{t('The next one is shown here.')}</p>}
      <ol>
        {messages?.map((message) => (
          <Message message={message} isHex={isHex} key={`${message.receivedAt} ${message.number}`} />
        ))}
      </ol>
    </>
  );
}

function Message({ message, isHex }: { readonly message: RawMessage; readonly isHex: boolean }) {
  const { topic, source, receivedAt, mqttQos, isRetained, payloadBytes, payloadText, payloadBase64 } = message;
  return (
    <li>
      <span class="row">
        <code class="grow">
          <bdi>{topic}</bdi>
        </code>
        <span class="chip">{mqttQos === null ? source : t('QoS {qos}', { qos: mqttQos })}</span>
        {isRetained && <span class="chip">{t('retained')}</span>}
        <span class="hint">{bytes(payloadBytes)}</span>
        <span class="hint">
          <Age at={receivedAt} />
        </span>
      </span>
      <pre dir="auto">{isHex || payloadText === undefined ? hexOf(payloadBase64) : payloadText}</pre>
    </li>
  );
}
