import { HeadgateError, kindOf, messageOf } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

/** The exit code that tells a script what kind of failure it was. */
export function exitCodeOf(error: unknown): number {
  return error instanceof HeadgateError ? kindOf(error.code).exit : 1;
}

/** What a log line says of a failed start: the code and what to do, or, for what nobody expected, the whole error. */
export function failureFields(error: unknown): object {
  const exitCode = exitCodeOf(error);
  return error instanceof HeadgateError
    ? { code: error.code, advice: error.advice, exitCode }
    : { err: error, exitCode };
}

/**
 * Says on the terminal what failed and what to do next: each line of the message after `headgate: `, then the advice.
 * The stack is for developers and comes only with `withStack`. Returns the exit code.
 */
export function reportFailure(error: unknown, terminal: Terminal, withStack = isDebugging(terminal)): number {
  for (const line of messageOf(error).split('\n')) terminal.err(`headgate: ${line.replace(/^headgate /, '')}`);
  if (error instanceof HeadgateError) terminal.err(error.advice);
  if (withStack) for (let cause = error; cause instanceof Error; cause = cause.cause) terminal.err(cause.stack ?? '');
  return exitCodeOf(error);
}

function isDebugging({ environment }: Terminal): boolean {
  return ['debug', 'trace'].includes(environment.HEADGATE_LOG_LEVEL ?? '');
}
