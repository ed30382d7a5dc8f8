import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../wire/generated/grpc/health/v1/health.ts';
import { whenGone } from './gone.ts';

const services: readonly string[] = ['', 'headgate.v1.Gateway'];
/** Calls that watch cost a timer each. */
const maxWatchers = 100;

/** The health service: serving while the gateway takes messages in. */
export class HealthCalls {
  readonly #isServing: () => boolean;
  readonly #everyMs: number;
  #watchers = 0;

  /** @param everyMs how often those that watch are looked after */
  constructor(isServing: () => boolean, everyMs = 1_000) {
    this.#isServing = isServing;
    this.#everyMs = everyMs;
  }

  readonly implementation = {
    check: (
      { request }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      answer: sendUnaryData<HealthCheckResponse>,
    ): void => {
      const found = this.#of(request.service);
      if (found !== undefined) answer(null, HealthCheckResponse.create({ status: found }));
      else answer({ code: status.NOT_FOUND, details: `There is no service ${request.service.slice(0, 200)}.` });
    },
    watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void => {
      if (this.#watchers >= maxWatchers) {
        call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'Too many calls watch already.' });
        return;
      }
      this.#watchers++;
      let last: Serving | undefined;
      const look = (): void => {
        const now = this.#of(call.request.service) ?? Serving.SERVICE_UNKNOWN;
        if (now === last) return;
        last = now;
        call.write(HealthCheckResponse.create({ status: now }));
      };
      const timer = setInterval(look, this.#everyMs);
      whenGone(call, () => {
        clearInterval(timer);
        this.#watchers--;
      });
      look();
    },
  };

  #of(service: string): Serving | undefined {
    if (!services.includes(service)) return undefined;
    return this.#isServing() ? Serving.SERVING : Serving.NOT_SERVING;
  }
}
