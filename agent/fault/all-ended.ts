// Things that go on at the same time and are told as one.

/**
 * Waits until all have ended, and only then throws what the first of them (in their order) failed with: nothing writes behind the back of who handles it.
 * @returns their results, in order.
 */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}
