/** What the YAML library's error codes mean, for someone who has never read the YAML specification. */
const reasons: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'A reference (`*name`) can carry nothing else.',
  BAD_ALIAS: 'This reference (`*name`) names nothing that stands before it, or repeats itself without end.',
  BAD_COLLECTION_TYPE: 'This tag (`!…`) does not fit what follows it.',
  BAD_DIRECTIVE: 'A line that starts with `%` is not understood here; put the text in quotes.',
  BAD_DQ_ESCAPE: 'A backslash in double quotes starts an unknown escape; use single quotes to take text as it is.',
  BAD_INDENT: 'This line is indented differently from those it belongs to; align it with its neighbours.',
  BAD_PROP_ORDER: 'An anchor (`&name`) or tag (`!…`) stands in the wrong place.',
  BAD_SCALAR_START: 'Text can not start with this character; put it in quotes.',
  BLOCK_AS_IMPLICIT_KEY:
    'There are two keys on one line, or one text too many; a text that holds a colon needs quotes.',
  BLOCK_IN_FLOW: 'Inside brackets everything must be written with brackets and commas.',
  DUPLICATE_KEY: 'This key stands twice in the same section; remove one.',
  KEY_OVER_1024_CHARS: 'This key is far too long; is a colon missing?',
  MISSING_CHAR: 'Something is missing here: a closing quote or bracket, a comma, or a space after a colon.',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line; is a colon missing on the line before?',
  MULTIPLE_ANCHORS: 'There can be only one anchor (`&name`) here.',
  MULTIPLE_DOCS: 'The file holds more than one document (`---`); keep one.',
  MULTIPLE_TAGS: 'There can be only one tag (`!…`) here.',
  NON_STRING_KEY: 'A key must be plain text.',
  TAB_AS_INDENT: 'A tab is used for indentation; use spaces.',
  TAG_RESOLVE_FAILED: 'This tag (`!…`) is not known.',
  UNEXPECTED_TOKEN: 'This was not expected here; is a quote, a colon or a dash missing or too many?',
};

/** The plain sentence for an error of the YAML library; its own message, on one line, for a code not known here. */
export function plainReason(code: string, message: string): string {
  // The library calls a bracket that is never closed an indentation.
  if (code === 'BAD_INDENT' && message.startsWith('Flow')) return reasons.MISSING_CHAR ?? message;
  return reasons[code] ?? message.replace(/\s+/g, ' ').trim();
}
