Proxy Array Information/1.0
ArrayEnabled: 1
ConfigID: 7
ArrayName: campus
ListTTL: 10
Hash: hrw-sip13

p1.campus.example.org 10.0.0.1 3128 http://p1.campus.example.org:3128/pat parray/0.1 0 UP 100 2048
p2.campus.example.org 10.0.0.2 3128 http://p1.campus.example.org:3128/pat parray/0.1 0 UP 100 2048
p3.campus.example.org 10.0.0.3 3128 http://p1.campus.example.org:3128/pat parray/0.1 0 UP 200 4096
p4.campus.example.org 10.0.0.4 3128 http://p1.campus.example.org:3128/pat parray/0.1 0 DOWN 100 2048
