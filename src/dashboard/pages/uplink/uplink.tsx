import './uplink.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { GetRulesAnswer } from '../../api/schema.ts';
import { bytes, count, dateTime, duration, number, rate } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { type GatewayStatus, status } from '../../state/status.ts';
import { Age } from '../../ui/age.tsx';
import { dropReason, priorityName } from '../../ui/reason.ts';
import { Notice, State } from '../../ui/state.tsx';
import { UplinkWord } from '../../ui/uplink-word.tsx';
import { useAnswer } from '../../ui/use-answer.ts';
import { FillCard } from './fill.tsx';
import { Flow } from './flow.tsx';
import { droppedNext, fillOf, growthOf, type Look, outlookOf, withLook } from './model.ts';
import { Wear } from './wear.tsx';

type Full = NonNullable<GatewayStatus['buffer']['full']>;

/** What waits, where it goes, and what became of everything. */
export function Page() {
  const now = status.value;
  const [looks, setLooks] = useState<readonly Look[]>([]);
  const [rules] = useAnswer<GetRulesAnswer>('api/v1/rules');
  useEffect(() => {
    if (now !== undefined) setLooks((old) => withLook(old, lookAt(now)));
  }, [now]);
  const growth = useMemo(() => growthOf(looks), [looks]);
  if (now === undefined) return <p class="loading">{t('Asking the gateway …')}</p>;
  const { buffer, uplink } = now;
  const fill = fillOf(buffer);
  const next = rules.state === 'here' ? droppedNext(buffer.lanes, rules.value.rules) : undefined;
  return (
    <>
      <div class="page-head">
        <h1>{t('Buffer & Uplink')}</h1>
      </div>
      {buffer.state !== 'open' && (
        <Notice tone="bad" title={titleOf(buffer)}>
          {buffer.failure ?? t('What must not be dropped waits at its source; it was not acknowledged.')}{' '}
          {buffer.full !== undefined && adviceOn(buffer, buffer.full)}
        </Notice>
      )}
      {uplink.problem !== null && <Notice tone="warn" title={uplink.problem} lang="en" />}
      <Flow status={now} />
      {uplink.leftRecords !== null && uplink.leftRecords > 0 && (
        <Notice title={plural(uplink.leftRecords, 'Catching up: {n} record left', 'Catching up: {n} records left')}>
          {uplink.etaSeconds !== null && t('About {time} at this rate', { time: duration(uplink.etaSeconds) })}
        </Notice>
      )}
      <div class="columns">
        <FillCard buffer={buffer} fill={fill} outlook={outlookOf(fill, buffer.waitingBytes, growth)} next={next} />
        <UplinkCard uplink={uplink} />
      </div>
      <Ledger buffer={buffer} />
      <Lanes buffer={buffer} />
      <Wear status={now} />
    </>
  );
}

function titleOf({ state, full }: GatewayStatus['buffer']): string {
  if (state !== 'full') return t('The buffer takes nothing in');
  return full?.of === 'disk' ? t('The disk is full') : t('The buffer is full');
}

/** A larger budget is no help where others have filled the disk. */
function adviceOn({ diskBytes, maxBytes }: GatewayStatus['buffer'], { of, freeBytes = 0, directory = '' }: Full) {
  switch (of) {
    case 'disk':
      return t(
        'Left on the disk of {path}: {free}; the buffer takes {size}. Make room there: a larger {key} does not help.',
        { path: directory, free: bytes(freeBytes), size: bytes(diskBytes), key: 'buffer.maxBytes' },
      );
    case 'budget':
      return t('It takes all of its {size}: restore the uplink, or raise {key}.', {
        size: bytes(maxBytes),
        key: 'buffer.maxBytes',
      });
    default:
      return t('A rule takes all that it may: restore the uplink, or raise its {key}.', { key: 'maxBytes' });
  }
}

function UplinkCard({ uplink }: { readonly uplink: GatewayStatus['uplink'] }) {
  const { canary } = uplink;
  return (
    <section class="card">
      <header>
        <h2>{t('Uplink')}</h2>
        <UplinkWord uplink={uplink} />
      </header>
      {uplink.reason !== null && <p lang="en">{uplink.reason}</p>}
      <dl class="pairs">
        <dt>{t('Collector')}</dt>
        <dd>
          <code>{uplink.url}</code>
        </dd>
        <dt>{t('Since')}</dt>
        <dd>{dateTime(Date.parse(uplink.since))}</dd>
        <dt>{t('Confirmed')}</dt>
        <dd>
          {rate(uplink.acknowledgedPerSecond)} · {count(uplink.acknowledgedRecords)} · {bytes(uplink.acknowledgedBytes)}
        </dd>
        <dt>{t('Last confirmed')}</dt>
        <dd>
          <Age at={uplink.lastAcknowledgedAt} />
        </dd>
        <dt>{t('There and back')}</dt>
        <dd>
          {canary?.roundTripMs == null
            ? t('Not measured yet')
            : t('{n} ms, for a record of the gateway’s own', { n: number(canary.roundTripMs) })}
        </dd>
        <dt>{t('Over the wire')}</dt>
        <dd>{bytes(uplink.wireBytes)}</dd>
      </dl>
    </section>
  );
}

/** Received is what was delivered, waits, and was dropped: at every moment. */
function Ledger({ buffer }: { readonly buffer: GatewayStatus['buffer'] }) {
  const { received, delivered, waiting, dropped } = buffer.ledger;
  const reasons = Object.entries(dropped).filter(([, n]) => n > 0);
  return (
    <section class="card">
      <header>
        <h2>{t('What became of every record')}</h2>
        {reasons.length === 0 ? (
          <State tone="good">{t('Nothing was dropped')}</State>
        ) : (
          <State tone="warn">{t('Some were dropped, for these reasons')}</State>
        )}
      </header>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Records, since the data directory was made')}</th>
            <th scope="col" class="num">
              {t('Number')}
            </th>
          </tr>
        </thead>
        <tbody>
          <Line name={t('Received')} n={received} />
          <Line name={t('Delivered to the collector')} n={delivered} />
          <Line name={t('Waiting here')} n={waiting} />
          {reasons.map(([reason, n]) => (
            <Line name={dropReason(reason)} n={n} key={reason} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Line({ name, n }: { readonly name: string; readonly n: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="num">{count(n)}</td>
    </tr>
  );
}

function Lanes({ buffer }: { readonly buffer: GatewayStatus['buffer'] }) {
  return (
    <section class="card">
      <h2>{t('By rule')}</h2>
      <div class="table-box">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">{t('Rule')}</th>
              <th scope="col">{t('Priority')}</th>
              <th scope="col" class="num">
                {t('Waiting')}
              </th>
              <th scope="col" class="num">
                {t('On disk')}
              </th>
              <th scope="col" class="num">
                {t('Delivered')}
              </th>
              <th scope="col" class="num">
                {t('Dropped')}
              </th>
              <th scope="col">{t('Oldest')}</th>
            </tr>
          </thead>
          <tbody>
            {buffer.lanes.map(({ lane, rule, priority, waitingRecords, diskBytes, oldestWaitingAt, ledger }) => (
              <tr key={lane}>
                <th scope="row" dir="auto">
                  {rule}
                </th>
                <td data-label={t('Priority')}>{priorityName(priority as 'bulk')}</td>
                <td data-label={t('Waiting')} class="num">
                  {count(waitingRecords)}
                </td>
                <td data-label={t('On disk')} class="num">
                  {bytes(diskBytes)}
                </td>
                <td data-label={t('Delivered')} class="num">
                  {count(ledger.delivered)}
                </td>
                <td data-label={t('Dropped')} class="num">
                  {count(Object.values(ledger.dropped).reduce((sum, n) => sum + n, 0))}
                </td>
                <td data-label={t('Oldest')}>{oldestWaitingAt === null ? '–' : <Age at={oldestWaitingAt} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function lookAt({ buffer }: GatewayStatus): Look {
  const { waitingBytes, ledger, flashBytes } = buffer;
  return {
    atMs: performance.now(),
    waitingBytes,
    received: ledger.received,
    delivered: ledger.delivered,
    flashBytes: Object.values(flashBytes).reduce((sum, n) => sum + n, 0),
  };
}
