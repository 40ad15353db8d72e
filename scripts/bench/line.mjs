// The server of the `fetch…` benches, on loopback or at the far end of a slow line that is made for it.
import { say } from '../setup/say.mjs';
import { openNetwork, roundTripTo } from './network/open-network.mjs';
import { startNginx } from './nginx.mjs';

const MEANS = {
  netem: 'tc netem',
  relay: 'a relay of packets, since this kernel has no sch_netem',
};

/** Serves `root` and closes all of it by `atEnd`. @param net rate and round trip; loopback without it; `limits`: as for startNginx */
export async function serveOn(root, { net, folder, limits, atEnd }) {
  const network = net === undefined ? undefined : await openNetwork(net, folder);
  if (network !== undefined) atEnd(() => network.close());
  const nginx = await startNginx(root, network?.where, limits);
  atEnd(() => nginx.close());
  if (network !== undefined) {
    const tookMs = await roundTripTo(nginx.url);
    if (tookMs < net.rttMs)
      throw new Error(`the line is none of ${net.rttMs} ms: connecting took ${tookMs} ms`);
    say(`over ${net.mbit} Mbit/s, connecting takes ${tookMs.toFixed(1)} ms, by ${MEANS[network.means]}`);
  }
  return nginx;
}
