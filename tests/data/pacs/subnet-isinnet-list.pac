// A list of subnets with dotted masks; only literal addresses are asked, so no DNS.
var nets = [
  ["10.0.0.0", "255.128.0.0", "PROXY ten-low.test:80"],
  ["10.128.0.0", "255.128.0.0", "PROXY ten-high.test:80"],
  ["172.16.0.0", "255.240.0.0", "DIRECT"],
  ["192.168.1.0", "255.255.255.128", "PROXY low.test:80"],
  ["192.168.1.128", "255.255.255.128", "PROXY high.test:80"],
  ["192.168.0.0", "255.255.0.0", "PROXY rest.test:80"],
  ["192.0.2.0", "255.255.255.0", "SOCKS doc1.test:1080"],
  ["198.51.100.0", "0.0.0.255", "PROXY last-octet.test:80"],
  ["203.0.113.5", "255.255.255.255", "PROXY one.test:80"],
  ["203.0.113.0", "24", "PROXY bad-mask.test:80"],
  ["0.0.0.0", "0.0.0.0", "PROXY all.test:80"]
];

function FindProxyForURL(url, host) {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return /:/.test(host) ? "PROXY six.test:80" : "DIRECT";
  for (var i = 0; i < nets.length; i++)
    if (isInNet(host, nets[i][0], nets[i][1])) return nets[i][2];
  return "PROXY never.test:80";
}
