import type { Decoded, MessageKind } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import { type Explanation, explain } from './explain.ts';
import type { Rules } from './rules.ts';

/** What is seen in a message, and which rule holds for it. Plain JSON. */
export interface Explained {
  readonly device: string;
  readonly kind: MessageKind;
  /** What decoded it; null: the general rules did. */
  readonly profile: string | null;
  readonly fields: readonly string[];
  /** How many records it becomes. What else is said is of the first one. */
  readonly records: number;
  readonly explanation: Explanation;
  /** Its further records for which another rule holds. */
  readonly others: readonly {
    readonly device: string;
    readonly fields: readonly string[];
    readonly rule: string;
    readonly because: string;
  }[];
}

/** Each of a message's records is decided by itself: says of all of them which rule holds. Changes nothing. */
export function explainMessage(rules: Rules, message: Message, decoded: Decoded): Explained {
  const { kind, measurements, profile } = decoded;
  const [first, ...rest] = measurements;
  const explanation = explain(rules, message, decoded);
  const others = rest.flatMap(({ deviceId, fields }, index) => {
    const { rule, because } = explain(rules, message, decoded, index + 1);
    return rule === explanation.rule
      ? []
      : [{ device: deviceId, fields: fields.map(({ name }) => name), rule, because }];
  });
  return {
    device: first.deviceId,
    ...{ kind, profile: profile?.name ?? null, fields: first.fields.map(({ name }) => name) },
    ...{ records: measurements.length, explanation, others },
  };
}
