/** Profiles, and what became of messages under them since the start. */
export interface ProfilesStatus {
  /** How many there are to decode by. */
  readonly loaded: number;
  /** What is wrong in the files of people's own, a line each, 20 at the most; what is wrong is left out. */
  readonly errors: readonly string[];
  /** Messages that their profile could not read, and so were kept raw. */
  readonly failedMessages: number;
  /** The same by profile, as far as it has any. */
  readonly failures: Readonly<Record<string, number>>;
  readonly topics: TopicsStatus;
}

/** Topics, grouped by template, since the start. */
export interface TopicsStatus {
  /** How many templates there are. */
  readonly templates: number;
  /** How often one had to be forgotten because there were too many. */
  readonly forgotten: number;
  /** How often a topic could not be recognised at once because too many others were new. */
  readonly postponed: number;
  /** How many decisions of people's hold. */
  readonly decisions: number;
  /** What was adopted without asking and is remembered, by device or topic; and how often there was no room for it. */
  readonly adoptions: number;
  readonly unkept: number;
}
