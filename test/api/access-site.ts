import type { TestContext } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { authSite } from '../auth/site.ts';
import { dependencies, welcome } from './fixtures.ts';

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly from?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

/** The API before a real book of accounts. */
export async function api(t: TestContext, given: Parameters<typeof authSite>[1] = {}) {
  const site = await authSite(t, given);
  const pages = welcome();
  const app = await new HttpApi(dependencies({}, { auth: site.auth, welcome: pages })).build();
  t.after(() => app.close());
  const ask = async (url: string, { method = 'GET', from = '192.168.1.20', body, headers = {}, token }: Asked = {}) => {
    const response = await app.inject({
      method,
      url: `/api/v1/${url}`,
      remoteAddress: from,
      headers: {
        host: from === '127.0.0.1' ? 'localhost:8080' : '192.168.1.5:8080',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { payload: body as object }),
    });
    const json = response.body === '' ? undefined : response.json();
    return { status: response.statusCode, json, headers: response.headers, code: json?.code as string | undefined };
  };
  return { ...site, ask, app, begin: t.mock.method(pages.firstRun, 'begin') };
}
