/** The disk had no room for a write, and nothing of it is there: it may be tried again. Anything else leaves that open. */
export function isFull(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT';
}
