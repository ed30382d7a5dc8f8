import type { CommandStateName } from '../core/command.ts';

export interface CommandsStatus {
  /** Commands that nobody has been given yet. */
  readonly queued: number;
  /** Commands that were handed over and whose answer is waited for. */
  readonly sent: number;
  /** How often commands came to each state since this process started. */
  readonly total: Readonly<Record<CommandStateName, number>>;
  /** Answers to commands that are not known here, since this process started. */
  readonly strayAnswers: number;
  /** Whether a configuration from the collector holds, or is on trial. */
  readonly remoteConfig: 'none' | 'trial' | 'holds';
}
