import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { type Failure, failure, failureOf, HeadgateError } from '../../core/errors.ts';
import type { LiveEnd, LiveFeed } from '../../core/live.ts';
import type { Bearer, Take } from '../../core/message.ts';
import type { Principal } from '../../core/principal.ts';
import { closeCodeOf, errorFrame } from '../failure-forms.ts';
import { demandOf } from '../guard.ts';
import { scopeOf } from './filter-of.ts';
import type { Beating } from './heartbeats.ts';
import { endOf } from './live-end.ts';
import { type ClientFrame, clientFrame, type FrameId, frameIn, idIn, startFrame } from './socket-frames.ts';
import { SocketSubscription } from './socket-subscription.ts';

export type CommandFrame = ClientFrame & { readonly type: 'command' };
type Question = ClientFrame & { readonly type: 'query' };

/** What all WebSockets have in common. */
export interface SocketParts {
  readonly feed: LiveFeed;
  readonly take: Take;
  /** Counts a message against what somebody may publish. @throws {HeadgateError} rate.limited */
  readonly admit?: ((principal: Principal, bytes: number) => void) | undefined;
  /** Counts a question, a command or a subscription against what somebody may ask for. @throws {HeadgateError} rate.limited */
  readonly admitAsked?: ((principal: Principal) => void) | undefined;
  /** What answers a `query`, a failure too. How many may wait is bounded there. */
  readonly answer: (query: Question, by: Principal) => Promise<object>;
  /** Gives a device a command. Calls back when it is durable, and when it is over. Rejects with a {@link HeadgateError}. */
  readonly command: (
    frame: CommandFrame,
    principal: Principal,
    signal: AbortSignal,
    tell: (command: object) => void,
  ) => Promise<void>;
}

/** One connection's subscriptions. */
const maxSubscriptions = 32;
/** Frames a second that are looked at; who sends more is not read from for a while. */
const framesPerSecond = 5_000;
const maxCommands = 32;
/** Messages that are not durable yet, and their bytes: beyond them it is not read from. */
const maxInFlight = 256;
const maxInFlightBytes = 4 * 1024 * 1024;
/** Questions that wait for their turn: beyond them it is not read from. */
const maxQuestions = 16;
/** Who does not read its answers is let go. */
const maxUnsentBytes = 1024 * 1024;
/** Frames that could not be read, one after the other: that is no client of ours. */
const maxGarbage = 20;
/** Turns of the heartbeat without a word. */
const maxSilentTurns = 2;

/** One client's WebSocket at `/api/v1/live/ws`. */
export class LiveSocket implements Beating {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #principal: Principal;
  readonly #parts: SocketParts;
  /** Made with the first one: most of ten thousand connections may be idle. */
  #subscriptions: Map<FrameId, SocketSubscription> | undefined;
  /** Commands that are not over, and what ends the waiting for them. */
  #commands = 0;
  /** Each is answered in a turn of its own: many at once come in one piece, and would hold up everything else. */
  #questions: Question[] = [];
  #over: AbortController | undefined;
  #silentTurns = 0;
  #garbage = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  /** What may be read now, and when that was found out. */
  #allowance = framesPerSecond;
  #allowedAtMs = 0;
  #isWaiting = false;

  constructor(webSocket: WebSocket, socket: Socket, principal: Principal, parts: SocketParts) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#principal = principal;
    this.#parts = parts;
  }

  /** It sent a frame. */
  heard(data: RawData, isBinary: boolean): void {
    // It was told that this is over, for one because it may do nothing any more: what it still says does not count.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#silentTurns = 0;
    this.#allow();
    let id: FrameId | undefined;
    try {
      if (isBinary) throw new HeadgateError('request.unsupported', 'Frames are JSON texts; this one is binary.');
      const frame = frameIn(data.toString());
      id = idIn(frame);
      this.#do(clientFrame(frame));
      this.#garbage = 0;
    } catch (error) {
      const said = failureOf(error);
      this.#fail(said, id);
      const isGarbage = said.code === 'request.invalid' || said.code === 'request.unsupported';
      if (!isGarbage || ++this.#garbage < maxGarbage) return;
      this.#parts.feed.lost('garbage');
      this.#close(failure('request.invalid', 'Nothing of this can be read.'));
    }
  }

  /** It answered a ping. */
  alive(): void {
    this.#silentTurns = 0;
  }

  beat(): void {
    if (++this.#silentTurns > maxSilentTurns) {
      this.#parts.feed.lost('silent');
      this.#webSocket.terminate();
      return;
    }
    this.#webSocket.ping();
    if (this.#subscriptions === undefined || this.#socket.writableNeedDrain) return;
    // So that the cursor of what says little does not grow old.
    for (const { id, cursor } of this.#subscriptions.values())
      this.send(JSON.stringify({ type: 'heartbeat', id, cursor }));
  }

  /** It is over. */
  closed(): void {
    for (const one of this.#subscriptions?.values() ?? []) one.close();
    this.#subscriptions = undefined;
    this.#questions = [];
    this.#over?.abort();
  }

  /** It may not read any more. */
  cut(): void {
    this.#close(failure('access.unknown', 'The credentials of this connection do not count any more.'));
  }

  /** The gateway takes no more. */
  ended(why: LiveEnd): void {
    // It does not read, so there is no way to tell it.
    if (why === 'frozen') this.#webSocket.terminate();
    else this.#close(failureOf(endOf(why)));
  }

  /** @returns whether it takes more at once */
  send(frame: string | Buffer): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return false;
    const { bufferedAmount } = this.#webSocket;
    if (bufferedAmount > maxUnsentBytes) {
      this.#parts.feed.lost('unread');
      this.#webSocket.terminate();
      return false;
    }
    this.#webSocket.send(frame, { binary: false });
    return !this.#socket.writableNeedDrain;
  }

  #do(frame: ClientFrame): void {
    switch (frame.type) {
      case 'subscribe':
        this.#subscribe(frame);
        break;
      case 'unsubscribe':
        this.#subscriptions?.get(frame.id)?.close();
        this.#subscriptions?.delete(frame.id);
        this.#answer({ type: 'unsubscribed' }, frame.id);
        break;
      case 'publish':
        this.#publish(frame);
        break;
      case 'command':
        this.#command(frame);
        break;
      case 'query':
        this.#parts.admitAsked?.(this.#principal);
        this.#questions.push(frame);
        if (this.#questions.length === 1) setImmediate(() => this.#answerNext());
        if (this.#isFull) this.#webSocket.pause();
        break;
      case 'ping':
        this.#answer({ type: 'pong' }, frame.id);
        break;
    }
  }

  #answerNext(): void {
    const question = this.#questions.shift();
    if (question === undefined) return;
    this.#parts.answer(question, this.#principal).then((said) => this.#answer(said, question.id));
    if (this.#questions.length > 0) setImmediate(() => this.#answerNext());
    this.#readIfAllowed();
  }

  #subscribe({ id, filter, after }: ClientFrame & { readonly type: 'subscribe' }): void {
    this.#parts.admitAsked?.(this.#principal);
    const scope = scopeOf(this.#principal);
    if (this.#subscriptions === undefined) {
      this.#subscriptions = new Map();
      this.#socket.on('drain', () => {
        for (const one of this.#subscriptions?.values() ?? []) one.resume();
      });
    }
    const before = this.#subscriptions.get(id);
    if (before === undefined && this.#subscriptions.size >= maxSubscriptions)
      throw new HeadgateError('rate.limited', `A connection has at most ${maxSubscriptions} subscriptions.`);
    const next = new SocketSubscription(this, this.#parts.feed, { id, filter, scope, after });
    before?.close();
    this.#subscriptions.set(id, next);
    this.send(startFrame(id, next.start));
  }

  #publish({ id, topic, payload, qos, traceId }: ClientFrame & { readonly type: 'publish' }): void {
    demandOf(this.#principal, { kind: 'publish', topic });
    this.#parts.admit?.(this.#principal, payload.length);
    this.#inFlight++;
    this.#inFlightBytes += payload.length;
    const done = (): void => {
      this.#inFlight--;
      this.#inFlightBytes -= payload.length;
      this.#readIfAllowed();
    };
    const bearer: Bearer = {
      taken: (sequence) => {
        done();
        this.#answer({ type: 'ack', sequence: sequence > 0 ? sequence : null }, id);
      },
      refused: (error) => {
        done();
        this.#fail(failureOf(error), id);
      },
    };
    this.#parts.take({ source: 'ws', topic, payload, traceId, ...(qos !== undefined && { mqttQos: qos }) }, bearer);
    if (this.#isFull) this.#webSocket.pause();
  }

  #command(frame: CommandFrame): void {
    if (this.#commands >= maxCommands)
      throw new HeadgateError('rate.limited', `A connection has at most ${maxCommands} commands that are not over.`);
    this.#parts.admitAsked?.(this.#principal);
    this.#commands++;
    this.#over ??= new AbortController();
    const tell = (command: object): void => this.#answer({ type: 'command', command }, frame.id);
    this.#parts
      .command(frame, this.#principal, this.#over.signal, tell)
      .catch((error) => this.#fail(failureOf(error), frame.id))
      .finally(() => this.#commands--);
  }

  get #isFull(): boolean {
    return (
      this.#inFlight >= maxInFlight || this.#inFlightBytes >= maxInFlightBytes || this.#questions.length >= maxQuestions
    );
  }

  /** Counts a frame; who sends too many is read from again when their time has come. */
  #allow(): void {
    const now = performance.now();
    this.#allowance = Math.min(
      framesPerSecond,
      this.#allowance + ((now - this.#allowedAtMs) * framesPerSecond) / 1_000,
    );
    this.#allowedAtMs = now;
    if (--this.#allowance > 0 || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#webSocket.pause();
    setTimeout(() => {
      this.#isWaiting = false;
      this.#readIfAllowed();
    }, 100).unref();
  }

  #readIfAllowed(): void {
    if (this.#webSocket.isPaused && !this.#isFull && !this.#isWaiting) this.#webSocket.resume();
  }

  #answer(said: object, id: FrameId | undefined): void {
    this.send(JSON.stringify(id === undefined ? said : { ...said, id }));
  }

  #fail(said: Failure, id: FrameId | undefined): void {
    this.send(JSON.stringify(errorFrame(said, id)));
  }

  #close(said: Failure): void {
    this.closed();
    this.#fail(said, undefined);
    this.#webSocket.close(closeCodeOf(said.code), said.detail);
  }
}
