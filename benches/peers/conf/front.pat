Proxy Array Information/1.0
ArrayEnabled: 1
ConfigID: 1
ArrayName: bench
ListTTL: 10
Hash: hrw-sip13

member1 127.0.0.2 @light-1@ http://127.0.0.1/pat parray 0 UP 100 512
member2 127.0.0.2 @light-2@ http://127.0.0.1/pat parray 0 UP 100 512
member3 127.0.0.2 @light-3@ http://127.0.0.1/pat parray 0 UP 100 512
