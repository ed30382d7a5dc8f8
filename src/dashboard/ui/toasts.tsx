import { signal } from '@preact/signals';
import { ApiProblem } from '../api/ask.ts';
import { t } from '../i18n/text.ts';
import type { Tone } from './state.tsx';

/** A short message; with `undo` for as long as it is there. */
interface Toast {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
  readonly undo: (() => void) | undefined;
}

const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Says something for a few seconds, ten with an undo. */
export function say(text: string, { tone = 'good', undo }: { tone?: Tone; undo?: () => void } = {}): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, tone, text, undo }].slice(-4);
  setTimeout(() => drop(id), undo === undefined && tone !== 'bad' ? 5_000 : 10_000);
}

/** Says what went wrong. */
export function sayProblem(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  const advice = error instanceof ApiProblem && error.advice !== undefined ? ` ${error.advice}` : '';
  say(text + advice, { tone: 'bad' });
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, tone, text, undo }) => (
        <div class={`notice ${tone}`} key={id}>
          <div class="row">
            <span class="grow">{text}</span>
            {undo !== undefined && (
              <button
                class="button"
                type="button"
                onClick={() => {
                  drop(id);
                  undo();
                }}
              >
                {t('Undo')}
              </button>
            )}
          </div>
        </div>
      ))}
    </div>
  );
}
