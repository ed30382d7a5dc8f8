import { createHash } from 'node:crypto';

/**
 * The content security policy of a page: nothing but its own script and style, and nothing from anywhere else.
 *
 * @param formAction where its forms may be sent
 */
export function pagePolicy(script: string, style: string, formAction: "'none'" | "'self'" = "'none'"): string {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
