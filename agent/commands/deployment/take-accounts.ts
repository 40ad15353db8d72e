// Accounts for web servers on their way into a run, from the credentials file or from media: the redactor learns them before any source does.
import { secretsOf } from '../../distribution/http/access.ts';
import type { Accounts, ServerAccount } from '../../distribution/http/accounts.ts';
import type { Observe } from '../../progress/event.ts';

export interface AccountsWorld {
  readonly learnSecret: (values: readonly string[]) => void;
  readonly accounts?: Accounts;
}

/** Says which of them go over the network in the clear: Basic and Bearer hide nothing by themselves (RFC 7617 section 4, RFC 6750 section 5.2). */
export function takeAccounts(
  accounts: readonly ServerAccount[],
  world: AccountsWorld,
  observe: Observe,
): void {
  world.learnSecret(accounts.flatMap(secretsOf));
  world.accounts?.add(accounts);
  for (const { for: server } of accounts) {
    if (!server.startsWith('http:')) continue;
    const text = `The account for ${server} goes over the network in the clear; https would hide it.`;
    observe({ kind: 'note', level: 'info', component: 'accounts', text });
  }
}
