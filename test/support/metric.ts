/** Sum over the labels of one metric of a room that listens at `url`; 0 while it does not answer. */
export async function metricSum(url: string, name: string): Promise<number> {
  let text: string;
  try {
    text = await (await fetch(`${url}/metrics`)).text();
  } catch {
    // It is just starting or just dying: then it certainly has nothing in hand that could be counted.
    return 0;
  }
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
