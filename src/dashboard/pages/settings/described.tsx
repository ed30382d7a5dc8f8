import { partsOf } from './form-model.ts';

/** A text of the schema, its code as code. */
export function Described({ text }: { readonly text: string }) {
  return <>{partsOf(text).map(({ text, isCode }, at) => (isCode ? <code key={at}>{text}</code> : text))}</>;
}
