-- For wrk: absolute-form requests, as clients send them to a forward proxy.
-- wrk … -s proxy.lua http://PROXY -- URL KEYS
local requests, keys, at = {}, 1, 0

function init(args)
  keys = tonumber(args[2])
  wrk.headers["Host"] = args[1]:match("^http://([^/]+)")
  for key = 0, keys - 1 do requests[key] = wrk.format("GET", args[1] .. "?i=" .. key) end
end

function request()
  at = (at + 1) % keys
  return requests[at]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('JSON{"requests":%d,"seconds":%.3f,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.timeout + e.status))
end
