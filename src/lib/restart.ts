/**
 * With this the process ends when it is to be started again: `EX_TEMPFAIL` of sysexits.h, so that also a supervisor that starts
 * again only what has failed does it.
 */
export const restartCode = 75;

/**
 * Whether systemd runs this process as a service. Its variables alone say only that some ancestor was one, as every terminal of a
 * desktop is; `SYSTEMD_EXEC_PID` (systemd 248 on) names the process that it started: this one, or the `npm` that started this one.
 */
export function isUnderSystemd(
  environment: Readonly<Record<string, string | undefined>>,
  { pid, ppid }: { readonly pid: number; readonly ppid: number } = process,
): boolean {
  const { INVOCATION_ID, NOTIFY_SOCKET, SYSTEMD_EXEC_PID } = environment;
  if (NOTIFY_SOCKET !== undefined) return true;
  return (
    INVOCATION_ID !== undefined && SYSTEMD_EXEC_PID !== undefined && [pid, ppid].includes(Number(SYSTEMD_EXEC_PID))
  );
}

/** Ends this process in good order, for something else to start it again. */
export class Restart {
  /** Something starts it again. */
  readonly isPossible: boolean;
  readonly #end: () => void;
  #isAsked = false;

  /** @param end has the process stop in good order */
  constructor(isPossible: boolean, end: () => void = () => process.kill(process.pid, 'SIGTERM')) {
    this.isPossible = isPossible;
    this.#end = end;
  }

  /** Why it is not possible, and what to do instead. */
  get reason(): string | null {
    if (this.isPossible) return null;
    return 'Nothing is known that would start the gateway again. Restart it where it was started; if something does start it again, say so by `gateway.supervised`.';
  }

  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** The process ends soon. Only where something starts it again. */
  ask(): void {
    if (!this.isPossible || this.#isAsked) return;
    this.#isAsked = true;
    this.#end();
  }
}
