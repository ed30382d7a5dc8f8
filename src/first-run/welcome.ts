import type { Service } from '../lib/service.ts';
import { FirstRun, type FirstRunDependencies } from './first-run.ts';
import { GatewayCard, type GatewayCardDependencies } from './gateway-card.ts';
import { PreferenceBook, type PreferencesDependencies } from './preferences.ts';

export type WelcomeDependencies = FirstRunDependencies & GatewayCardDependencies & PreferencesDependencies;

/** What the pages have to know before anything else: how far the first run is, what the gateway is called, how each person wants it. */
export class Welcome implements Service {
  readonly name = 'first-run';
  readonly firstRun: FirstRun;
  readonly gateway: GatewayCard;
  readonly preferences: PreferenceBook;

  constructor(deps: WelcomeDependencies) {
    this.firstRun = new FirstRun(deps);
    this.gateway = new GatewayCard(deps);
    this.preferences = new PreferenceBook(deps);
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    await Promise.all([this.firstRun.load(), this.gateway.load(), this.preferences.load()]);
  }

  async stop(): Promise<void> {}
}
