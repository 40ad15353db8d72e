// Ends what a first boot has started, servers and Wine, whether it ends well, by a fault or by Ctrl-C.

const ends = [];
let stopped = false;

/** True from the moment somebody asked to stop: what fails after it fails because of it. */
export const isStopping = () => stopped;

/** Remembers how to end something; the last started ends first. */
export function onEnd(end) {
  ends.push(end);
}

/** Ends everything that was started and has not been ended. */
export async function atEnd() {
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
}

/** From here on Ctrl-C, SIGTERM and a closed terminal end everything before the process. */
export function stopping() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, async () => {
      stopped = true;
      await atEnd();
      process.exit(130);
    });
  }
}
