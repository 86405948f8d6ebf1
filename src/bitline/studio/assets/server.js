// Questions to the server, each with the token of the address.

const token = new URLSearchParams(location.search).get("token") ?? "";

export class Refused extends Error {}

async function answered(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
  const value = isJson ? await response.json() : await response.text();
  if (!response.ok) throw new Refused(value.error ?? `the server answered ${response.status}`);
  return value;
}

export async function read(name, values = {}) {
  const query = new URLSearchParams({ ...values, token });
  return answered(await fetch(`/api/${name}?${query}`));
}

export async function act(name, values = {}) {
  return answered(await fetch(`/api/${name}?${new URLSearchParams({ token })}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values),
  }));
}
