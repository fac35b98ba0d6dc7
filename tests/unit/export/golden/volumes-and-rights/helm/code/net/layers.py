	indented = '{{ not a template }}'  


