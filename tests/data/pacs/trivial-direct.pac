// Sends everything direct.
function FindProxyForURL(url, host) {
  return "DIRECT";
}
