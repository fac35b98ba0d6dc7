// What of JSON Schema can be told at once, beside the box. The server has the last word: what is not
// known here passes.

const IS = {
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

// The first thing that does not fit, with its place; null where all does.
export function misfit(schema, value, place = "") {
  const at = place || "It";
  const types = [schema.type ?? []].flat();
  if (types.length && !types.some((type) => IS[type]?.(value) ?? true)) {
    return `${at} must be ${types.map(article).join(" or ")}.`;
  }
  if (schema.enum && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value))) {
    return `${at} must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}.`;
  }
  if (IS.number(value)) return bounds(schema, value, at);
  if (IS.array(value)) return items(schema, value, place, at);
  return IS.object(value) ? members(schema, value, place, at) : null;
}

const article = (type) => (/^[aeiou]/.test(type) ? `an ${type}` : type === "null" ? type : `a ${type}`);

function bounds({ minimum, maximum }, value, at) {
  if (minimum !== undefined && value < minimum) return `${at} must be at least ${minimum}.`;
  return maximum !== undefined && value > maximum ? `${at} must be at most ${maximum}.` : null;
}

function items({ minItems = 0, maxItems = Infinity, items: each }, value, place, at) {
  if (value.length < minItems || value.length > maxItems) {
    const wanted = minItems === maxItems ? minItems : value.length < minItems ? `at least ${minItems}` : `at most ${maxItems}`;
    return `${at} must have ${wanted} items; it has ${value.length}.`;
  }
  return each ? first(value.entries(), ([i, one]) => misfit(each, one, `${place}[${i}]`)) : null;
}

function members({ properties = {}, required = [] }, value, place, at) {
  const missing = required.find((name) => !(name in value));
  if (missing !== undefined) return `${at} lacks "${missing}".`;
  const known = Object.entries(properties).filter(([name]) => Object.hasOwn(value, name));
  return first(known, ([name, one]) => misfit(one, value[name], place ? `${place}.${name}` : name));
}

function first(all, told) {
  for (const one of all) {
    const wrong = told(one);
    if (wrong) return wrong;
  }
  return null;
}
