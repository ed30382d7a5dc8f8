/** What is wrong with a topic name by MQTT 5.0 § 1.5.4 (UTF-8) and § 4.7, or with its number of levels. */
export function topicNameFault(topic: string, maxLevels: number): string | undefined {
  if (topic.length === 0) return 'the topic is empty';
  if (topic.includes('\0')) return 'the topic contains the NUL character';
  // What the decoder puts in place of bytes that are not UTF-8.
  if (topic.includes('\ufffd')) return 'the topic is not valid UTF-8';
  if (topic.includes('+') || topic.includes('#')) return 'the topic contains a wildcard';
  if (topic.startsWith('$SYS/')) return "topics under $SYS/ are the broker's own";
  if (topic.split('/', maxLevels + 1).length > maxLevels) return `the topic has over ${maxLevels} levels`;
  return undefined;
}
