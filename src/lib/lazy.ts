/** Makes something when it is first asked for, and only then: what a start need not pay for. */
export function lazy<T extends {}>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
