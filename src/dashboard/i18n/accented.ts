const plain = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const strange = 'áƀćďéƒĝĥíĵķłḿńóṕɋŕšţúṽŵẋýžÁƁĆĎÉƑĜĤÍĴĶŁḾŃÓṔɊŔŠŢÚṼŴẊÝŽ';

/** English that shows at a glance that it went through translation, and is a third longer, as other languages are. */
export function accented(text: string): string {
  // What is in braces is a value's name.
  const spoken = text.replace(/\{\w+\}|[a-z]/gi, (one) =>
    one.length > 1 ? one : (strange[plain.indexOf(one)] ?? one),
  );
  return `[${spoken}${'·'.repeat(Math.ceil(text.length / 3))}]`;
}
