import { type ErrorCode, HeadgateError, messageOf } from '../core/errors.ts';

/** What an error of SQLite or of the file system about `path` means to a person. */
export function storageError(path: string, error: unknown): HeadgateError {
  if (error instanceof HeadgateError) return error;
  const code = String((error as { code?: unknown } | undefined)?.code ?? '');
  const [headgateCode, sentence] = explain(code);
  return new HeadgateError(headgateCode, `${path} ${sentence} (${messageOf(error)}).`, { cause: error });
}

function explain(code: string): [ErrorCode, string] {
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return ['data.in-use', 'is locked by another program'];
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return ['data.unreadable', 'is no database that can be read'];
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)|^(EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST|ENOENT)$/.test(code)) {
    return ['data.unwritable', "can't be opened for writing"];
  }
  return ['sink.failed', "can't be written to"];
}
