// An account for one web server, as authors write it: for Basic (user and password) or Bearer (token) authentication.
import { z } from 'zod';
import { serverUrl } from './fields.ts';

/** A secret of one line. Never shown, so its mistakes are not told with the value. */
export const shortSecret = z.string('text').min(1, 'text that is not empty').max(4096);

/** What stands in a header: control characters would begin another one, and RFC 7617 section 2 has no colon in a user name. */
const user = z
  .string()
  .min(1)
  .max(256)
  .refine(text => !/[:\p{Cc}]/u.test(text), 'a user name has no colon and no control character');
const password = shortSecret.refine(
  text => !/\p{Cc}/u.test(text),
  'a password has no control character (a line feed at its end?)',
);
/** RFC 6750 section 2.1, `b64token`. */
const token = shortSecret.refine(
  text => /^[A-Za-z0-9._~+/-]+=*$/.test(text),
  'a token has letters, digits and - . _ ~ + / only',
);
const server = serverUrl.meta({
  description:
    'The server (or proxy) that it is for, https://host:port: it is shown to no other, also not where that one redirects to. A path says nothing.',
});

export const serverAccount = z.union(
  [z.strictObject({ for: server, user, password }), z.strictObject({ for: server, token })],
  'for, with user and password or with token',
);
export type AuthoredAccount = Readonly<z.infer<typeof serverAccount>>;

export const serverAccounts = z
  .array(serverAccount)
  .max(256)
  .check(({ value, issues }) => {
    const seen = new Set<string>();
    for (const [at, { for: address }] of value.entries()) {
      const { origin } = new URL(address);
      if (seen.has(origin))
        issues.push({
          code: 'custom',
          input: address,
          path: [at, 'for'],
          message: `${origin} has an account already`,
        });
      seen.add(origin);
    }
  })
  .meta({ description: 'Accounts for web servers and proxies, one for each.' });
