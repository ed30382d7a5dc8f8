import { useMemo, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { GetDevicesIdAnswer } from '../../api/schema.ts';
import { fieldValue } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { deviceSet, devices, type FieldNow, fieldsEach } from '../../state/devices.ts';
import { Field } from '../../ui/field.tsx';
import { sayProblem } from '../../ui/toasts.tsx';
import { type ChosenSeries, isSame, maxChosen } from './choice.ts';

/** Listed at once: whoever looks for something else searches. */
const maxListed = 40;

interface Found extends FieldNow {
  readonly device: string;
  readonly deviceName: string;
}

/** Chooses fields of devices. */
export function Picker({
  chosen,
  onChange,
}: {
  readonly chosen: readonly ChosenSeries[];
  readonly onChange: (series: readonly ChosenSeries[]) => void;
}) {
  const [text, setText] = useState('');
  // All fields of devices that have more than a list tells.
  const [whole, setWhole] = useState<ReadonlyMap<string, readonly FieldNow[]>>(new Map());
  const set = deviceSet.value;
  const { found, total } = useMemo(() => search(text, whole), [text, whole, set]);
  // Those have more than is known of them.
  const more = [...new Set(found.map(({ device }) => device))].filter(
    (id) => !whole.has(id) && (devices.get(id)?.peek().fields.length ?? 0) >= fieldsEach,
  );
  const turn = ({ device, name, tags }: Found): void => {
    const one = { device, field: name, tags };
    const others = chosen.filter((other) => !isSame(one, other));
    onChange(others.length < chosen.length ? others : [...chosen, one]);
  };
  const load = (id: string): void => {
    allFields(id).then((fields) => setWhole((old) => new Map(old).set(id, fields)), sayProblem);
  };
  return (
    <div class="stack">
      <Field label={t('Search for a device or a field')}>
        <input type="search" data-search value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </Field>
      {found.length === 0 && <p class="hint">{t('No field is like that.')}</p>}
      <ul class="explore-fields">
        {found.map((one) => {
          const isChosen = chosen.some((other) =>
            isSame(other, { device: one.device, field: one.name, tags: one.tags }),
          );
          return (
            <li key={`${one.device} ${one.name} ${one.tags}`}>
              <label class="check">
                <input
                  type="checkbox"
                  checked={isChosen}
                  disabled={!isChosen && chosen.length >= maxChosen}
                  onChange={() => turn(one)}
                />
                <span class="grow">
                  <bdi>{one.deviceName}</bdi> · <bdi>{one.name}</bdi> <bdi class="hint">{one.tags}</bdi>
                </span>
                <ValueNow of={one} />
              </label>
            </li>
          );
        })}
      </ul>
      {total > found.length && <p class="hint">{plural(total - found.length, '{n} more', '{n} more')}</p>}
      {more.length > 0 && (
        <div class="row">
          {more.slice(0, 5).map((id) => (
            <button class="button" type="button" key={id} onClick={() => load(id)}>
              {t('All fields of {name}', { name: devices.get(id)?.peek().name ?? id })}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** What it says now; nothing where only a part of the device's fields is followed. */
function ValueNow({ of: { device, name, tags } }: { readonly of: Found }) {
  const now = devices.get(device)?.value.fields.find((one) => one.name === name && one.tags === tags);
  return <bdi class="hint">{now !== undefined && fieldValue(now.value, now.unit)}</bdi>;
}

function search(
  text: string,
  whole: ReadonlyMap<string, readonly FieldNow[]>,
): { readonly found: Found[]; readonly total: number } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found: Found[] = [];
  let total = 0;
  for (const signal of devices.values()) {
    const { id, name: deviceName, fields } = signal.peek();
    for (const one of whole.get(id) ?? fields) {
      const where = `${id} ${deviceName} ${one.name} ${one.tags}`.toLowerCase();
      if (!words.every((word) => where.includes(word))) continue;
      total++;
      if (found.length < maxListed) found.push({ ...one, device: id, deviceName });
    }
  }
  return { found, total };
}

async function allFields(id: string): Promise<FieldNow[]> {
  const { fields } = await ask<GetDevicesIdAnswer>(`api/v1/devices/${encodeURIComponent(id)}`);
  return fields.map(({ name, tags = '', value, unitSymbol, unit, at }) => ({
    ...{ name, tags, value, unit: unitSymbol ?? unit ?? '', atMs: at === null ? 0 : Date.parse(at) },
  }));
}
