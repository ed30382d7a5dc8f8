/** One event of a stream (WHATWG HTML § 9.2): its name, its data, and how long to wait before the next try, if it says so. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
  readonly retryMs: number | undefined;
}

/** Takes a text/event-stream apart, whatever pieces it comes in. */
export class EventLines {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  #retryMs: number | undefined;

  /** @returns the events that are whole now */
  push(text: string): ServerEvent[] {
    const found: ServerEvent[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (whole !== undefined) found.push(whole);
    }
    return found;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    // A comment: the heartbeat.
    if (colon === 0) return undefined;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value);
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const one = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id, retryMs: this.#retryMs };
    const isEvent = this.#data.length > 0;
    this.#event = '';
    this.#data = [];
    this.#retryMs = undefined;
    return isEvent ? one : undefined;
  }
}
