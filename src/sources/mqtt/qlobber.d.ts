/** The part of qlobber (which has no types of its own) that we use. */
declare module 'qlobber' {
  export interface QlobberOptions {
    readonly separator: string;
    readonly wildcard_one: string;
    readonly wildcard_some: string;
    /** `+` also stands for an empty level (MQTT 5.0 § 4.7.1.3). */
    readonly match_empty_levels: boolean;
  }

  export class Qlobber<T> {
    constructor(options: QlobberOptions);
    add(filter: string, value: T): this;
    remove(filter: string, value: T): this;
    match(topic: string): T[];
  }
}
