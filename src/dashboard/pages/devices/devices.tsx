import './devices.css';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { plural, t } from '../../i18n/text.ts';
import type { LiveEvent } from '../../live/protocol.ts';
import { place, setQuery } from '../../router.ts';
import { applyEvents, deviceSet, devices, loadDevices } from '../../state/devices.ts';
import { Icon } from '../../ui/icon.tsx';
import { NoDevices } from '../../ui/no-devices.tsx';
import { Problem } from '../../ui/problem.tsx';
import { Empty } from '../../ui/state.tsx';
import { useLive } from '../../ui/use-live.ts';
import { type Choice, chosen, everything, rowsInView } from './choose.ts';
import { Filters } from './filters.tsx';
import { Row } from './row.tsx';

const wish: { readonly kinds: readonly LiveEvent['event'][] } = { kinds: ['measurement', 'device'] };

/** All devices, and what they say. */
export function Page() {
  const [state, setState] = useState<'asking' | 'here' | { error: unknown }>(devices.size > 0 ? 'here' : 'asking');
  const load = (): void => {
    loadDevices().then(
      () => setState('here'),
      (error) => setState({ error }),
    );
  };
  useEffect(load, []);
  useLive(wish, applyEvents, load);
  return (
    <>
      <div class="page-head">
        <h1>{t('Devices')}</h1>
      </div>
      {typeof state === 'object' && <Problem error={state.error} />}
      {state === 'asking' && <p class="loading">{t('Asking the gateway …')}</p>}
      {(state === 'here' || devices.size > 0) && <List />}
    </>
  );
}

function List() {
  const choice: Choice = { ...everything, ...place.value.query };
  const key = JSON.stringify(choice);
  // The rows stay as they were chosen, whatever comes in, until somebody asks for others.
  const [turn, setTurn] = useState(0);
  const ids = useMemo(() => chosen(all(), choice), [key, turn]);
  const listed = useMemo(() => new Set(ids), [ids]);
  const set = deviceSet.value;
  const news = useMemo(() => chosen(all(), choice).filter((id) => !listed.has(id)).length, [set, ids]);
  const change = (some: Partial<Choice>): void => setQuery(withoutUsual(some));
  if (devices.size === 0) return <NoDevices />;
  return (
    <>
      <Filters choice={choice} onChange={change} />
      <div class="row">
        <span class="hint grow">
          {plural(ids.length, '{n} device', '{n} devices')}
          {ids.length < devices.size && ` · ${t('{n} in all', { n: devices.size })}`}
        </span>
        <News count={news} onShow={() => setTurn((n) => n + 1)} />
      </div>
      {ids.length === 0 ? (
        <Empty title={t('No device is like that.')}>
          <button class="button" type="button" onClick={() => change(everything)}>
            {t('Show all')}
          </button>
        </Empty>
      ) : (
        <Rows ids={ids} />
      )}
    </>
  );
}

function News({ count, onShow }: { readonly count: number; readonly onShow: () => void }) {
  if (count === 0) return null;
  return (
    <button class="button" type="button" onClick={onShow}>
      <Icon name="plus" />
      {plural(count, '{n} new', '{n} new')}
    </button>
  );
}

/** The table, of which only the rows near what is seen are there. */
function Rows({ ids }: { readonly ids: readonly string[] }) {
  const box = useRef<HTMLTableSectionElement>(null);
  const [view, setView] = useState({ first: 0, last: 40, height: 56 });
  useLayoutEffect(() => {
    const look = (): void => {
      const body = box.current;
      if (body === null) return;
      const row = body.querySelector('tr:not(.space)');
      const height = row?.getBoundingClientRect().height || 56;
      const { first, last } = rowsInView(ids.length, height, -body.getBoundingClientRect().top, innerHeight);
      setView((old) =>
        old.first === first && old.last === last && old.height === height ? old : { first, last, height },
      );
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [ids]);
  const { first, last, height } = view;
  return (
    <div class="card device-list">
      <table aria-rowcount={ids.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{t('Device')}</th>
            <th scope="col">{t('State')}</th>
            <th scope="col">{t('Newest values')}</th>
            <th scope="col" class="wide">
              {t('Signal, battery')}
            </th>
            <th scope="col" class="num">
              {t('Heard')}
            </th>
          </tr>
        </thead>
        <tbody ref={box}>
          <Space rows={Math.min(first, ids.length)} height={height} />
          {ids.slice(first, last).map((id, place) => (
            <Row id={id} index={first + place} key={id} />
          ))}
          <Space rows={Math.max(0, ids.length - last)} height={height} />
        </tbody>
      </table>
    </div>
  );
}

/** Rows that are not there. */
function Space({ rows, height }: { readonly rows: number; readonly height: number }) {
  if (rows === 0) return null;
  return (
    <tr class="space">
      <td colSpan={5}>
        <div style={{ height: `${rows * height}px` }} />
      </td>
    </tr>
  );
}

function* all() {
  for (const one of devices.values()) yield one.peek();
}

function withoutUsual(some: Partial<Choice>): Record<string, string | undefined> {
  const usual = everything as unknown as Readonly<Record<string, string>>;
  return Object.fromEntries(
    Object.entries(some).map(([name, value]) => [name, value === usual[name] ? undefined : value]),
  );
}
