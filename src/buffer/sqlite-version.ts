let found: string | undefined;

/** The version of the SQLite that records are kept by. Loads it into this thread, once. */
export async function sqliteVersion(): Promise<string> {
  if (found !== undefined) return found;
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(':memory:');
  try {
    found = database.prepare('SELECT sqlite_version()').pluck().get() as string;
    return found;
  } finally {
    database.close();
  }
}
